// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// What is kept of one face from frame to frame, so that its mask and its colours do not flicker. One caller at a time,
/// frames in their order.
package final class FaceSmoothing {
  let color: ColorSmoothing?
  private let maskRate: Float?
  private var mask: MaskCanvas?

  /// - Parameters:
  ///   - mask: weight of the newest mask in an exponential average, 0...1; nil: masks are as they are.
  ///   - color: likewise of the statistics of a colour transfer.
  package init(mask: Double?, color: Double?) {
    maskRate = mask.map { Float(min(max($0, 0), 1)) }
    self.color = color.map { ColorSmoothing(rate: min(max($0, 0), 1)) }
  }

  /// The next frame is another scene.
  package func reset() {
    mask = nil
    color?.reset()
  }

  /// The average with this mask. The mask lies in the face's own square, so it moves with the face.
  func smooth(_ newest: MaskCanvas) throws(LiaeError) -> MaskCanvas {
    guard let maskRate else { return newest }
    guard let mask, mask.width == newest.width, mask.height == newest.height else {
      mask = newest
      return newest
    }
    let result = try MaskCanvas(width: newest.width, height: newest.height)
    for i in 0..<result.count {
      result.pixels[i] = mask.pixels[i] + (newest.pixels[i] - mask.pixels[i]) * maskRate
    }
    withExtendedLifetime(mask) {}
    self.mask = result
    return result
  }
}
