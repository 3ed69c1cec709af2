// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// One face on its way into a frame: the steps of docs/frames.md, by its numbers and letters.
struct CompositeJob {
  let frame: Frame
  let face: CompositeFace
  let options: CompositeOptions
  let workers: Workers
  /// Side of the face as it is worked on: the network's resolution, or 4 times that with super resolution.
  let side: Int
  /// Side of the mask as it is worked on.
  let maskSide: Int
  /// Frame to face; the same enlarged by the face scale; the same to the mask.
  let matrix, scaled, scaledMask: Affine
  let placement: FacePlacement
  /// The region of the frame that is worked on.
  let region: Region
  /// The face as it was cut out of the frame, at the side that is worked on; nil: not cut out so yet.
  private let crop: ColorCanvas?

  init(_ frame: Frame, _ face: CompositeFace, _ options: CompositeOptions) throws(LiaeError) {
    try face.check(options, frame.region)
    (self.frame, self.face, self.options, workers) = (frame, face, options, frame.workers)
    let resolution = face.resolution
    side = options.superResolution != 0 ? resolution * 4 : resolution
    maskSide = resolution * 4
    let scale = 1 + 0.01 * Double(options.faceScale)
    if let aligned = face.aligned {
      placement = aligned.placement
    } else {
      placement = try FacePlacement(face.landmarks, type: face.type)
    }
    if let aligned = face.aligned, aligned.crop.width == side {
      (matrix, crop) = (aligned.matrix, aligned.crop)
    } else {
      (matrix, crop) = (try placement.transform(size: side), nil)
    }
    scaled = options.faceScale == 0 ? matrix : try placement.transform(size: side, scale: scale)
    scaledMask = try placement.transform(size: maskSide, scale: scale)
    let visible = try frame.visiblePart(ofSquare: side, in: matrix)
    region =
      options.changesWholeFrame
      ? frame.region : visible.union(Region(ofSquare: side, in: scaled).intersection(frame.region))
  }

  /// The face made ready; where nothing has to see the frame as a whole, what lies in the frame is computed when it is
  /// asked for.
  func layer() throws(LiaeError) -> FaceLayer {
    let destination = try cutOut()
    var picture = try enlargedFace()
    let (mask, working) = try refined(try self.mask())
    let placed = PlacedMask(mask: mask, map: scaledMask, workers: workers)
    if options.blend == .original { return FaceLayer(region, frame, placed, .nothing) }
    if options.blend == .rawRGB {
      let ones = try MaskCanvas(width: side, height: side)
      ones.pixels.update(repeating: 1, count: ones.count)
      return FaceLayer(region, frame, placed, .face(picture, scaled, weights: ones))
    }
    guard try placed.isWorthwhile(in: region) else { return FaceLayer(region, frame, placed, .nothing) }

    // a, b, c: the face takes the frame's colours.
    let area = try working.copy()
    for i in 0..<area.count where area.pixels[i] > 0 { area.pixels[i] = 1 }
    if !options.blend.isSeamless { try transferColor(picture, like: destination, area) }
    if options.blend == .histogramMatch { picture = try histogramMatched(picture, destination, area) }
    guard options.blend.isSeamless || needsSecondPass || options.changesWholeFrame else {
      return FaceLayer(region, frame, placed, .face(picture, scaled, weights: nil))
    }

    // d to g: into the frame.
    try MemoryBudget.require(
      CheckedSize.product(region.count, bytesPerPixel) ?? .max,
      for: "a face of \(region.width) x \(region.height) pixels, worked on as a whole")
    let original = try frame.canvas(region)
    let alpha = try placed.cropped(to: region)
    var inside: ColorCanvas
    if options.blend.isSeamless {
      inside = try warpedIn(picture, scaled)
      inside.clamp(workers)
      inside = try cloned(inside, onto: original, alpha)
    } else {
      // Only where something is to be seen.
      let box = alpha.boundingBox(where: { $0 > 0 }) ?? Region(width: 0, height: 0)
      inside = try picture.warped(
        scaled, width: box.width, height: box.height, left: box.left, top: box.top, workers: workers)
      inside.clamp(workers)
    }
    var whole = needsSecondPass ? try original.copy() : original
    whole.blend(inside, alpha, workers)

    // h: what is done to the face where it now is.
    if needsSecondPass { whole = try refinished(whole, original, destination, area, alpha) }

    // i
    if options.colorDegrade != 0 {
      let reduced = try whole.reducedTo256Colors(workers: workers)
      let share = Float(options.colorDegrade) / 100
      whole = try whole.mixed(1 - share, with: reduced, share, workers: workers)
    }
    return FaceLayer(region, frame, placed, .whole(whole, alpha))
  }

  /// Bytes for each pixel of the region, at the most that are held at a time where a face is worked on as a whole: the
  /// frame, the face in it, the mask, and what the largest step has beside them.
  private var bytesPerPixel: Int {
    let (color, weight) = (MemoryLayout<Color>.stride, MemoryLayout<Float>.stride)
    var step = 0
    // The clone, its source, the solution; the mask, its core, the factors of the elimination.
    if options.blend.isSeamless { step = 3 * color + 3 * weight }
    if needsSecondPass {
      // The frame with the face; the background, filtered and mixed.
      step = max(step, options.denoise != 0 || options.bicubicDegrade != 0 ? 3 * color : color)
    }
    if options.colorDegrade != 0 { step = max(step, 2 * color) }
    return 2 * color + weight + step
  }

  /// Raw-predict: the face as it is, and its mask at the side of the face.
  func rawPrediction() throws(LiaeError) -> (picture: ColorCanvas, mask: MaskCanvas) {
    (try enlargedFace(), try refined(mask()).working)
  }

  // MARK: - Between frame and face

  /// Step 1: the frame's own face, 0...1. It is the network's input where that has the side that is worked on.
  private func cutOut() throws(LiaeError) -> ColorCanvas {
    if let crop { return crop }
    return try frame.crop(matrix, side: side)
  }

  /// The square of the face out of a part of the frame.
  private func warpedOut(_ picture: ColorCanvas) throws(LiaeError) -> ColorCanvas {
    try picture.warped(matrix.inverse, width: side, height: side, workers: workers)
  }

  /// Warps a picture of the face's square to its place in the frame.
  private func warpedIn<Pixel>(_ picture: Canvas<Pixel>, _ matrix: Affine) throws(LiaeError) -> Canvas<Pixel> {
    try picture.warped(
      matrix, width: region.width, height: region.height, left: region.left, top: region.top, workers: workers)
  }

  /// Step 2: the face at the side that is worked on, with its share of super resolution.
  func enlargedFace() throws(LiaeError) -> ColorCanvas {
    guard let enhanced = face.enhanced, options.superResolution != 0 else {
      let result = try face.rgb.copy()
      result.clamp()
      return result
    }
    let result = try face.rgb.resized(width: side, height: side, interpolation: .linear, workers: workers)
    let share = Float(options.superResolution) / 100
    for i in 0..<result.count {
      result.pixels[i] = (result.pixels[i].clamped * (1 - share) + enhanced.pixels[i] * share).clamped
    }
    return result
  }

  // MARK: - The second pass (h)

  private var needsSecondPass: Bool {
    options.blend.isSeamless && options.colorTransfer != .none || options.blend == .seamlessHistogramMatch
      || options.motionBlur != 0 || options.sharpenAmount != 0 || options.denoise != 0 || options.bicubicDegrade != 0
  }

  private func refinished(
    _ whole: ColorCanvas, _ original: ColorCanvas, _ destination: ColorCanvas, _ area: MaskCanvas, _ alpha: MaskCanvas
  ) throws(LiaeError) -> ColorCanvas {
    var picture = try warpedOut(whole)
    if options.blend.isSeamless { try transferColor(picture, like: destination, area) }
    if options.blend == .seamlessHistogramMatch {
      try HistogramMatch.apply(to: picture, like: destination, threshold: options.histogramThreshold)
    }
    let reach = face.motion.power * Double(options.motionBlur) / 100
    if options.motionBlur != 0, reach >= 1 {
      let size = Int(min(reach + 1, 50)) * (options.superResolution != 0 ? 2 : 1)
      picture = try picture.motionBlurred(size: max(2, size), degrees: face.motion.degrees, workers: workers)
    }
    if options.sharpenAmount != 0 {
      picture = try picture.sharpened(options.sharpening, amount: options.sharpenAmount, workers: workers)
    }
    var background = original
    var power = options.denoise
    while power > 0 {
      let filtered = try background.medianBlurred5(workers: workers)
      let share = min(Float(power) / 100, 1)
      background = share < 1 ? try background.mixed(1 - share, with: filtered, share, workers: workers) : filtered
      power -= 10
    }
    if options.bicubicDegrade != 0 {
      let p = 1 - Double(options.bicubicDegrade) / 101
      let (width, height) = (max(1, Int(Double(region.width) * p)), max(1, Int(Double(region.height) * p)))
      background = try background.resized(width: width, height: height, interpolation: .cubic, workers: workers)
        .resized(width: region.width, height: region.height, interpolation: .cubic, workers: workers)
      // Cubic filters overshoot, and far from the face nothing else is done.
      background.clamp(workers)
    }
    background.blend(try warpedIn(picture, matrix), alpha, workers)
    return background
  }
}

extension Canvas where Pixel == Color {
  /// self·(1 - w) + other·w, clamped, in place, where `other` lies and w is not 0. The weights lie as this canvas does.
  func blend(_ other: ColorCanvas, _ weight: MaskCanvas, _ workers: Workers) {
    let (a, b, w, width) = (pixels, other.pixels, weight.pixels, width)
    let (x, y) = (other.left - left, other.top - top)
    workers.bands(other.height, minimum: 32) { rows in
      for row in rows {
        let (from, to) = (row * other.width, (row + y) * width + x)
        for i in 0..<other.width where w[to + i] != 0 {
          a[to + i] = (a[to + i] * (1 - w[to + i]) + b[from + i] * w[to + i]).clamped
        }
      }
    }
    withExtendedLifetime((self, other, weight)) {}
  }
}
