// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// Makes a sample out of a face and what was drawn for it. Source: SampleProcessor of DeepFaceLab.
package struct SampleMaker: Sendable {
  private let options: SampleOptions

  package init(_ options: SampleOptions) { self.options = options }

  /// - Parameters:
  ///   - face: at the model's resolution and face type. Its canvases may be changed.
  ///   - reference: of the colour transfer, of the same size; nil for none.
  ///   - slot: which face of the batch it becomes; nobody else writes there.
  /// - Throws: `outOfMemory`, `invalidArgument`.
  package func make(
    _ face: PreparedFace, like reference: ColorCanvas?, _ parameters: SampleParameters, into batch: FaceBatch, slot: Int
  ) throws(LiaeError) {
    let colors = face.colors
    var seen = colors
    if let reference, options.colorTransfer != .none {
      if options.colorTransfer.isRandom {
        seen = try colors.copy()
        try options.colorTransfer.apply(to: seen, like: reference, randomness: .seed(parameters.colorSeeds.warped))
      }
      try options.colorTransfer.apply(to: colors, like: reference, randomness: .seed(parameters.colorSeeds.target))
    }
    if let shift = parameters.hueShift {
      if seen === colors { seen = try colors.copy() }
      shift.apply(to: seen)
    }
    let flips = parameters.isFlipped
    let target = try parameters.placed(colors, isBent: false, .cubic, .replicate)
    batch.put(target, flipped: flips, into: batch.target, slot: slot)
    let isOther = seen !== colors || parameters.warp != nil
    let warped = isOther ? try parameters.placed(seen, isBent: true, .cubic, .replicate) : target
    batch.put(warped, flipped: flips, into: batch.warped, slot: slot)

    let mask = try parameters.placed(face.mask, isBent: false, .linear, .zero)
    batch.put(mask, flipped: flips, scale: 1, into: batch.mask, slot: slot)
    let eyesMouth = try parameters.placed(face.eyesMouth, isBent: false, .linear, .zero)
    let most = eyesMouth.greatest
    batch.put(eyesMouth, flipped: flips, scale: most > 0 ? 1 / most : 1, into: batch.eyesMouth, slot: slot)
  }
}

extension Canvas where Pixel == Float {
  fileprivate var greatest: Float {
    var result = -Float.infinity
    for i in 0..<count where pixels[i] > result { result = pixels[i] }
    return result
  }
}

extension FaceBatch {
  /// A picture clipped to 0...1 as face `slot` of `plane`.
  fileprivate func put(_ image: ColorCanvas, flipped: Bool, into plane: Bytes, slot: Int) {
    let out = plane.base.assumingMemoryBound(to: Float.self) + slot * side * side * 3
    for y in 0..<side {
      let (row, target) = (image.pixels + y * side, out + y * side * 3)
      for x in 0..<side {
        let color = row[flipped ? side - 1 - x : x].clamped
        target[3 * x] = color.x
        target[3 * x + 1] = color.y
        target[3 * x + 2] = color.z
      }
    }
    withExtendedLifetime(image) {}
  }

  fileprivate func put(_ mask: MaskCanvas, flipped: Bool, scale: Float, into plane: Bytes, slot: Int) {
    let out = plane.base.assumingMemoryBound(to: Float.self) + slot * side * side
    for y in 0..<side {
      let (row, target) = (mask.pixels + y * side, out + y * side)
      for x in 0..<side { target[x] = row[flipped ? side - 1 - x : x] * scale }
    }
    withExtendedLifetime(mask) {}
  }
}
