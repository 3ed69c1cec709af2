// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
import LiaeSystem

/// The targets of the predictions of one side (source or destination), as tensors of a batch.
package struct SideTargets {
  /// Side of what the network sees, pixels: windows and blurs go by it.
  package let resolution: Int
  /// The picture, with the surroundings of the face blurred out if that was asked for.
  package let picture: Tensor
  /// 1 in the face, falling to 0 around it; and 1 minus that.
  package let blurredMask, background: Tensor
  package let eyesMouth: Tensor
  /// The mask as it is, of side `resolution`.
  package let mask: Tensor

  /// - Parameter side: of the predicted picture, pixels: `resolution`, or less where heads read without padding. Then
  ///   the targets are the middle of the pictures, which is what such heads predict.
  /// - Throws: `outOfMemory`.
  package init(_ losses: Losses, _ batch: FaceBatch, side: Int, blurOut: Bool) throws(LiaeError) {
    resolution = batch.side
    precondition(side <= resolution && (resolution - side) % 2 == 0)
    let mask = try Self.tensor(losses, batch, batch.mask, channels: 1)
    self.mask = mask
    var picture = try Self.tensor(losses, batch, batch.target, channels: 3)
    if blurOut { picture = try Self.blurOut(losses, picture, mask) }
    let blurred = try losses.constant(like: mask)
    try losses.blur(mask, sigma: Double(max(1, resolution / 32)), into: blurred)
    let background = try losses.constant(like: mask)
    losses.bands(mask.count, height: mask.height) { sample, from, to in
      for i in (sample * mask.height + from) * mask.width..<(sample * mask.height + to) * mask.width {
        blurred.value[i] = min(max(blurred.value[i], 0), 0.5) * 2
        background.value[i] = 1 - blurred.value[i]
      }
    }
    self.picture = try Self.middle(losses, picture, side)
    blurredMask = try Self.middle(losses, blurred, side)
    self.background = try Self.middle(losses, background, side)
    eyesMouth = try Self.middle(losses, try Self.tensor(losses, batch, batch.eyesMouth, channels: 1), side)
  }

  private static func tensor(_ losses: Losses, _ batch: FaceBatch, _ bytes: Bytes, channels: Int)
    throws(LiaeError) -> Tensor
  {
    let tensor = try Tensor(
      losses.engine, count: batch.count, height: batch.side, width: batch.side, channels: channels,
      isDifferentiable: false)
    precondition(bytes.count == tensor.elements * 4)
    tensor.value.update(from: bytes.base.assumingMemoryBound(to: Float.self), count: tensor.elements)
    return tensor
  }

  /// The middle `side` x `side` pixels.
  static func middle(_ losses: Losses, _ tensor: Tensor, _ side: Int) throws(LiaeError) -> Tensor {
    if side == tensor.height { return tensor }
    let border = (tensor.height - side) / 2
    let result = try Tensor(
      losses.engine, count: tensor.count, height: side, width: side, channels: tensor.channels,
      isDifferentiable: false)
    for row in 0..<tensor.count * side {
      let from = ((row / side * tensor.height + row % side + border) * tensor.width + border) * tensor.channels
      (result.value + row * side * tensor.channels).update(from: tensor.value + from, count: side * tensor.channels)
    }
    return result
  }

  /// `blur_out_mask`: outside of the mask the picture becomes the mean of what is around, the face left out.
  /// x = G(t (1 - m)), y = 1 - G(m) with 1 for 0, t <- t m + x / y (1 - m), at a deviation of resolution / 128.
  private static func blurOut(_ losses: Losses, _ picture: Tensor, _ mask: Tensor) throws(LiaeError) -> Tensor {
    let sigma = Double(picture.height) / 128
    let outside = try losses.constant(like: mask)
    for i in 0..<mask.elements { outside.value[i] = 1 - mask.value[i] }
    let result = try losses.constant(like: picture)
    try losses.blur(try losses.multiplied(picture, by: outside), sigma: sigma, into: result)
    let below = try losses.constant(like: mask)
    try losses.blur(mask, sigma: sigma, into: below)
    losses.bands(mask.count, height: mask.height) { sample, from, to in
      for i in (sample * mask.height + from) * mask.width..<(sample * mask.height + to) * mask.width {
        let m = mask.value[i], y = 1 - below.value[i]
        for j in 3 * i..<3 * i + 3 {
          result.value[j] = picture.value[j] * m + result.value[j] / (y == 0 ? 1 : y) * (1 - m)
        }
      }
    }
    return result
  }
}
