// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

/// The loss of one side in its parts, a value for each sample of the batch.
package struct SideLoss: Sendable {
  package var structure, pixel, eyesMouth, mask: [Double]
  /// Styles, which only the source has.
  package var style: [Double]

  init(count: Int) {
    let zeros = Array(repeating: 0.0, count: count)
    (structure, pixel, eyesMouth, mask, style) = (zeros, zeros, zeros, zeros, zeros)
  }

  package var total: [Double] {
    structure.indices.map { structure[$0] + pixel[$0] + eyesMouth[$0] + mask[$0] + style[$0] }
  }
}

/// The parts of a side's loss: which windows of structure, and how much of each.
package struct Criterion: Sendable {
  let dissimilarity: Dissimilarity
  /// Sizes of the windows, each with its weight.
  package let windows: [(size: Int, weight: Double)]
  let pixelWeight = 10.0, maskWeight = 10.0, eyesMouthWeight = 300.0
  /// True if the gradient is that of the mean over the batch in place of the sum.
  let isMean: Bool
  /// The neighbours of the total variation that the GAN brings along, and of that of AMP's backgrounds.
  let variation: Losses.Variation

  /// - DeepFaceLab: structure 10, from 256 pixels on 5 each for two windows; the gradient is that of the batch's sum.
  /// - The PyTorch port: structure 5 for each window, of which there are two above 256 pixels; the gradient is that of
  ///   the batch's mean, as PyTorch's losses are means. Its windows are DeepFaceLab's.
  /// - DeepFaceLab's AMP: structure 5 each for two windows at every resolution, and another total variation.
  package init(_ kind: TrainingOptions.Criterion, family: Architecture.Family = .liae, resolution: Int) {
    variation = family == .amp ? .channelsAndColumns : .rowsAndColumns
    let large = Self.window(resolution, 11.6), small = Self.window(resolution, 23.2)
    switch kind {
    case .deepFaceLab:
      dissimilarity = .deepFaceLab
      windows = resolution < 256 && family != .amp ? [(large, 10)] : [(large, 5), (small, 5)]
      isMean = false
    case .torch:
      dissimilarity = .torch
      windows = resolution <= 256 ? [(large, 5)] : [(large, 5), (small, 5)]
      isMean = true
    }
  }

  static func window(_ resolution: Int, _ divisor: Double) -> Int { max(1, Int(Double(resolution) / divisor)) }

  /// The factor of gradients that makes them those of this criterion.
  func gradientScale(count: Int) -> Double { isMean ? 1 / Double(count) : 1 }
}

extension Losses {
  /// The loss of a side: structure and pixels inside the blurred mask (`masked_training`), eyes and mouth
  /// (`eyes_mouth_prio`), the mask. Values are for each sample, whatever the criterion.
  package func side(
    _ criterion: Criterion, picture: Tensor, mask: Tensor, targets: SideTargets, options: TrainingOptions
  ) throws(LiaeError) -> SideLoss {
    var loss = SideLoss(count: picture.count)
    let scale = criterion.gradientScale(count: picture.count)
    let factor = options.maskedTraining ? targets.blurredMask : nil
    for window in criterion.windows {
      try structure(
        criterion.dissimilarity, picture, targets.picture, factor: factor, window: window.size,
        weight: window.weight * scale, into: &loss.structure)
    }
    try squaredError(
      picture, targets.picture, factor: factor, weight: criterion.pixelWeight * scale, into: &loss.pixel)
    if options.eyesMouthPriority {
      try absoluteError(
        picture, targets.picture, factor: targets.eyesMouth, weight: criterion.eyesMouthWeight * scale,
        into: &loss.eyesMouth)
    }
    try squaredError(mask, targets.mask, weight: criterion.maskWeight * scale, into: &loss.mask)
    if scale != 1 {
      for i in 0..<picture.count {
        loss.structure[i] /= scale
        loss.pixel[i] /= scale
        loss.eyesMouth[i] /= scale
        loss.mask[i] /= scale
      }
    }
    return loss
  }

  /// `face_style_power` (0...100): the colours of the swapped face come from the destination's reconstruction, both
  /// inside their predicted masks. `swapped` is to reach no further back than the decoder.
  package func faceStyle(
    _ swapped: Tensor, mask: Tensor, destination: Tensor, destinationMask: Tensor, resolution: Int, power: Float,
    into values: inout [Double]
  ) throws(LiaeError) {
    try style(
      swapped, factor: mask, destination, styleFactor: destinationMask, sigma: Double(resolution / 8),
      weight: 100 * Double(power), into: &values)
  }

  /// `bg_style_power` (0...100): outside of `face` the swapped picture is the destination.
  ///
  /// DeepFaceLab means the predicted masks and takes the source's `background`; so does this.
  package func backgroundStyle(
    _ swapped: Tensor, destination: Tensor, background: Tensor, resolution: Int, power: Float,
    into values: inout [Double]
  ) throws(LiaeError) {
    let weight = Double(power) / 10
    try structure(
      .deepFaceLab, swapped, destination, factor: background, window: Criterion.window(resolution, 11.6),
      weight: weight, into: &values)
    try squaredError(swapped, destination, factor: background, weight: weight, into: &values)
  }
}
