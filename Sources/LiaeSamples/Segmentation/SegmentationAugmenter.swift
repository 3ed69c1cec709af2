// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSystem

/// Makes a sample of training XSeg out of a labelled face: parts of another face behind and over it, a warp and a
/// transform, light, colours, sharpness, resolution and JPEG's losses. Source: DeepFaceLab's XSeg; FORMATS 10.6.
struct SegmentationAugmenter {
  /// Of faces and samples, pixels.
  let side: Int
  /// The share of samples, 0...1, that are more than bent and moved.
  let changedShare: Float

  /// - Parameters:
  ///   - face: of `side` pixels. Its canvases may be changed.
  ///   - other: another face, asked for where the sample is to have a background.
  /// - Returns: the picture within 0...1, and the mask as 0 and 1.
  /// - Throws: `outOfMemory`; what `other` throws.
  func sample(
    _ face: LabelledFace, other: () throws(LiaeError) -> LabelledFace, drawing generator: inout SplitMix64
  ) throws(LiaeError) -> LabelledFace {
    let isChanged = changedShare >= 1 || generator.uniform() < changedShare
    if isChanged && generator.isHead() { try mix(face, try other(), &generator) }
    var parameters = transform(degrees: 10, scale: 1.05, shift: 0.05, &generator)
    parameters.warp = try WarpMap(side: side, drawing: &generator)
    let colors = try mirrored(parameters.placed(face.colors, isBent: true, .cubic, .replicate), parameters)
    let mask = try mirrored(parameters.placed(face.mask, isBent: true, .cubic, .zero), parameters)
    for i in 0..<colors.count { colors.pixels[i] = colors.pixels[i].clamped }
    for i in 0..<mask.count { mask.pixels[i] = mask.pixels[i] < 0.5 ? 0 : 1 }
    if isChanged { try change(colors, mask, &generator) }
    withExtendedLifetime((colors, mask)) {}
    return LabelledFace(colors: colors, mask: mask)
  }

  /// Changes everything but the geometry.
  private func change(
    _ colors: ColorCanvas, _ mask: MaskCanvas, _ generator: inout SplitMix64
  ) throws(LiaeError) {
    if generator.isHead() { try light(colors, mask, isInside: true, &generator) }
    if generator.isHead() { try light(colors, mask, isInside: false, &generator) }
    try change(colors, &generator) { (image, generator) throws(LiaeError) in
      try recolored(image, &generator)
    }
    try change(colors, &generator) { (image, generator) throws(LiaeError) in
      try generator.isHead() ? sharpened(image, &generator) : softened(image, &generator)
    }
    try change(colors, &generator) { (image, generator) throws(LiaeError) in try coarsened(image, &generator) }
    for i in 0..<colors.count { colors.pixels[i] = colors.pixels[i].clamped }
    try change(colors, &generator) { (image, generator) throws(LiaeError) in try compressed(image, &generator) }
  }

  /// Blends what `operation` makes of the image into it, within a random disc; nil: it makes nothing.
  private func change(
    _ image: ColorCanvas, _ generator: inout SplitMix64,
    _ operation: (ColorCanvas, inout SplitMix64) throws(LiaeError) -> ColorCanvas?
  ) throws(LiaeError) {
    let changed = try operation(image, &generator)
    let disc = FadedDisc(side: side, drawing: &generator)
    if let changed { disc.blend(changed, into: image) }
  }

  // MARK: - Geometry

  /// Up to `degrees`, 1/scale...scale and shares of the side `shift`, each way; 40 % are mirrored.
  private func transform(
    degrees: Double, scale: Double, shift: Double, _ generator: inout SplitMix64
  ) -> SampleParameters {
    let angle = generator.uniform(in: -degrees...degrees) * .pi / 180
    let size = generator.uniform(in: 1 / scale...scale)
    let offset = Point(generator.uniform(in: -shift...shift), generator.uniform(in: -shift...shift))
    return SampleParameters(
      transform: SampleParameters.transform(
        side: SampleOptions.workingSide(side), angle: angle, scale: size, shift: offset),
      isFlipped: generator.next() % 10 < 4)
  }

  private func mirrored<Pixel>(
    _ image: Canvas<Pixel>, _ parameters: SampleParameters
  ) throws(LiaeError) -> Canvas<Pixel> {
    if parameters.isFlipped { image.mirror() }
    return image
  }

  /// Puts what is not the face of another picture behind the face, and by half over its surroundings.
  private func mix(_ face: LabelledFace, _ other: LabelledFace, _ generator: inout SplitMix64) throws(LiaeError) {
    let parameters = transform(degrees: 180, scale: 1.1, shift: 0.1, &generator)
    let placed = try mirrored(parameters.placed(other.colors, isBent: false, .cubic, .replicate), parameters)
    let otherMask = try mirrored(parameters.placed(other.mask, isBent: false, .cubic, .zero), parameters)
    for i in 0..<placed.count { placed.pixels[i] = (placed.pixels[i] * (1 - otherMask.pixels[i].clamped)).clamped }
    let background = try recolored(placed, &generator)
    let share = Float(generator.uniform(in: 0.15...1))
    for i in 0..<face.colors.count {
      let kept = 1 - (1 - otherMask.pixels[i].clamped) * (1 - face.mask.pixels[i].clamped)
      let color = face.colors.pixels[i], rest = 1 - kept
      face.colors.pixels[i] = color * (kept + rest * share) + background.pixels[i] * (rest * (1 - share))
    }
    withExtendedLifetime((face, otherMask, background)) {}
  }

  // MARK: - Light and colours

  /// Adds the light of the face, or of its surroundings, once more, blurred by a Gaussian of 64...255 taps.
  ///
  /// It is blurred at a quarter of the size, where so wide a Gaussian loses nothing and costs a sixteenth.
  private func light(
    _ image: ColorCanvas, _ mask: MaskCanvas, isInside: Bool, _ generator: inout SplitMix64
  ) throws(LiaeError) {
    let taps = generator.whole(64..<256) | 1, step = 4, small = side / step
    // OpenCV's rule for the deviation of so many taps.
    let sigma = 0.3 * (Double(taps - 1) * 0.5 - 1) + 0.8
    let part = try ColorCanvas(width: small, height: small)
    for y in 0..<small * step {
      for x in 0..<small * step {
        let weight = mask[x, y], color = image[x, y] * (isInside ? weight : 1 - weight)
        part[x / step, y / step] = part[x / step, y / step] + color * (1 / Float(step * step))
      }
    }
    let glow = try part.gaussianBlurred(kernel: taps / step | 1, sigma: sigma / Double(step))
      .resized(width: side, height: side, interpolation: .linear)
    for i in 0..<image.count { image.pixels[i] = image.pixels[i] + glow.pixels[i] }
    withExtendedLifetime((image, mask, glow)) {}
  }

  private func recolored(_ image: ColorCanvas, _ generator: inout SplitMix64) throws(LiaeError) -> ColorCanvas {
    let result = try image.copy()
    if generator.isHead() {
      HueShift(
        hue: Float(generator.whole(0..<360)), saturation: generator.uniform() - 0.5, value: generator.uniform() - 0.5
      ).apply(to: result)
    } else {
      let levels = ColorLevels(drawing: &generator)
      levels.apply(to: result)
    }
    return result
  }

  // MARK: - Sharpness and losses

  /// True for a quarter.
  private func isQuarter(_ generator: inout SplitMix64) -> Bool { generator.next() >> 62 == 0 }

  private func sharpened(_ image: ColorCanvas, _ generator: inout SplitMix64) throws(LiaeError) -> ColorCanvas? {
    guard isQuarter(&generator) else { return nil }
    guard generator.isHead() else { return try image.sharpened(.gaussian, amount: generator.whole(0..<50)) }
    let taps = generator.whole(1..<6) | 1, amount = Float(generator.whole(0..<10))
    var kernel = [Float](repeating: -amount / Float(taps * taps), count: taps * taps)
    kernel[taps * taps / 2] += 1 + amount
    return try image.filtered(kernel: kernel, side: taps)
  }

  private func softened(_ image: ColorCanvas, _ generator: inout SplitMix64) throws(LiaeError) -> ColorCanvas? {
    var result: ColorCanvas?
    if isQuarter(&generator) {
      result = try image.motionBlurred(size: generator.whole(1..<6), degrees: Double(generator.whole(0..<360)))
    }
    if isQuarter(&generator) {
      result = try (result ?? image).gaussianBlurred(kernel: 2 * generator.whole(0..<5) + 1)
    }
    return result
  }

  /// Down to as little as a quarter of the side and up again, by the nearest pixels or linearly.
  private func coarsened(_ image: ColorCanvas, _ generator: inout SplitMix64) throws(LiaeError) -> ColorCanvas? {
    guard isQuarter(&generator) else { return nil }
    let small = max(1, side - generator.whole(0..<side * 3 / 4 + 1))
    guard generator.isHead() else {
      return try image.resized(width: small, height: small, interpolation: .linear)
        .resized(width: side, height: side, interpolation: .linear)
    }
    let result = try ColorCanvas(width: side, height: side)
    // The pixel that both resizes take: of the picture's the first of those that the coarse one stands for.
    func source(_ i: Int) -> Int { min(side - 1, i * small / side * side / small) }
    for y in 0..<side { for x in 0..<side { result[x, y] = image[source(x), source(y)] } }
    return result
  }

  private func compressed(_ image: ColorCanvas, _ generator: inout SplitMix64) throws(LiaeError) -> ColorCanvas? {
    guard isQuarter(&generator) else { return nil }
    let picture = try Picture(width: side, height: side, format: .rgb8)
    image.write(toWhole: picture.mutableView)
    let jpeg = try picture.encodedJPEG(quality: generator.whole(10..<101), provenance: nil)
    withExtendedLifetime(picture) {}
    return try ColorCanvas(reading: jpeg, "a sample")
  }
}
