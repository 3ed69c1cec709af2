// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// The random parameters of one sample.
package struct SampleParameters: Sendable {
  /// The transform from the face to the sample, pixels at the side at which it is warped.
  package var transform: Affine
  package var isFlipped: Bool
  package var warp: WarpMap?
  package var hueShift: HueShift?
  /// Seeds of the colour transfers of `warped` and `target`: DeepFaceLab draws their directions apart.
  package var colorSeeds: (warped: UInt64, target: UInt64) = (0, 0)

  package init(transform: Affine, isFlipped: Bool, warp: WarpMap? = nil, hueShift: HueShift? = nil) {
    (self.transform, self.isFlipped, self.warp, self.hueShift) = (transform, isFlipped, warp, hueShift)
  }

  /// Draws the parameters of sample number `number`, in DeepFaceLab's ranges.
  ///
  /// - Throws: `outOfMemory`.
  package init(_ options: SampleOptions, number: Int) throws(LiaeError) {
    var generator = SplitMix64(seed: options.seed, .sample, number)
    let side = SampleOptions.workingSide(options.resolution)
    // Drawn whether it is used or not: an option changes nothing but what it names.
    let moved = Self.transform(side: side, drawing: &generator)
    transform = options.randomTransform ? moved : .identity
    let tenth = generator.next() % 10
    isFlipped = options.randomFlip && tenth < 4
    let hue = HueShift(power: options.randomHSVPower, drawing: &generator)
    hueShift = options.randomHSVPower > 0 ? hue : nil
    colorSeeds = (generator.next(), generator.next())
    warp = options.randomWarp ? try WarpMap(side: side, drawing: &generator) : nil
  }

  /// Turned by up to 10 degrees, scaled by 1/1.15...1.15, shifted by up to 5 % of the side each way.
  static func transform(side: Int, drawing generator: inout SplitMix64) -> Affine {
    let angle = generator.uniform(in: -10...10) * .pi / 180
    let scale = generator.uniform(in: 1 / 1.15...1.15)
    let (tx, ty) = (generator.uniform(in: -0.05...0.05), generator.uniform(in: -0.05...0.05))
    return transform(side: side, angle: angle, scale: scale, shift: Point(tx, ty))
  }

  /// - Parameters:
  ///   - angle: radians around the middle, counter-clockwise as one sees it.
  ///   - shift: shares of the side.
  static func transform(side: Int, angle: Double, scale: Double, shift: Point) -> Affine {
    let (a, b) = (scale * Math.cos(angle), scale * Math.sin(angle))
    let (center, offset) = (Double(side / 2), shift * Double(side))
    return Affine(
      xx: a, xy: b, tx: (1 - a) * center - b * center + offset.x, yx: -b, yy: a,
      ty: b * center + (1 - a) * center + offset.y)
  }
}

extension SampleParameters {
  /// A square picture bent and transformed, not yet mirrored. Below 64 pixels of a side it is enlarged to 64 for that.
  /// What is bent is 0 outside.
  ///
  /// - Parameters:
  ///   - isBent: whether `warp`, where there is one, applies.
  ///   - border: of the transform.
  /// - Throws: `outOfMemory`, `limitExceeded`.
  package func placed<Pixel>(
    _ image: Canvas<Pixel>, isBent: Bool, _ interpolation: Interpolation, _ border: Border
  ) throws(LiaeError) -> Canvas<Pixel> {
    let side = SampleOptions.workingSide(image.width)
    var result = image
    if side != image.width { result = try image.resized(width: side, height: side, interpolation: interpolation) }
    if isBent, let warp { result = try result.remapped(warp.x, warp.y, interpolation: interpolation) }
    result = try result.warped(
      transform.inverse, width: side, height: side, interpolation: interpolation, border: border)
    if side == image.width { return result }
    return try result.resized(width: image.width, height: image.height, interpolation: interpolation)
  }
}
