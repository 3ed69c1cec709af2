// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Steps 3 to 5: which mask, and at which side.
extension CompositeJob {
  /// Step 3: the mask that the mode asks for, at the side that is worked on.
  func mask() throws(LiaeError) -> MaskCanvas {
    let mode = options.maskMode
    var result = try MaskCanvas(width: side, height: side)
    for i in 0..<result.count { result.pixels[i] = 1 }
    switch mode {
    case .full: break
    case .destination:
      // The hull is drawn on the frame and cut out with the face.
      let hull = try FaceMask.hull(
        face.landmarks, width: region.width, height: region.height, left: region.left, top: region.top)
      result = try hull.warped(matrix.inverse, width: side, height: side, workers: workers)
      result.clamp()
    case .given:
      if let mask = face.mask {
        result = try mask.warped(matrix.inverse, width: side, height: side, workers: workers)
        result.clamp()
      }
    case .learnedSum:
      try multiply(result, by: face.swapMask)
      if let other = try sized(face.destinationMask) {
        for i in 0..<result.count { result.pixels[i] = (result.pixels[i] + other.pixels[i]).clamped }
        withExtendedLifetime(other) {}
      }
    default:
      if mode.needsSwapMask { try multiply(result, by: face.swapMask) }
      if mode.needsDestinationMask { try multiply(result, by: face.destinationMask) }
      if mode.needsXSegSwap { try multiply(result, by: xsegSwap()) }
      if mode.needsXSegDestination { try multiply(result, by: xsegDestination()) }
    }
    if let smoothing = face.smoothing { result = try smoothing.smooth(result) }
    for i in 0..<result.count where result.pixels[i] < 1 / 255 { result.pixels[i] = 0 }
    return result
  }

  private func multiply(_ mask: MaskCanvas, by factor: MaskCanvas?) throws(LiaeError) {
    guard let factor = try sized(factor) else { return }
    for i in 0..<mask.count { mask.pixels[i] *= factor.pixels[i] }
    withExtendedLifetime(factor) {}
  }

  /// A mask over the face at the side that is worked on. What is said of a network's output is clipped first.
  private func sized(_ mask: MaskCanvas?) throws(LiaeError) -> MaskCanvas? {
    guard let mask else { return nil }
    let clamped = try mask.copy()
    clamped.clamp()
    return try clamped.resized(width: side, height: side, interpolation: .cubic, workers: workers)
  }

  /// Steps 3 to 5: the mask at its own side, eroded and blurred, and the same back at the side of the face.
  func refined(_ learned: MaskCanvas) throws(LiaeError) -> (mask: MaskCanvas, working: MaskCanvas) {
    var mask = try learned.resized(width: maskSide, height: maskSide, interpolation: .cubic, workers: workers)
    if !options.blend.isRaw {
      if options.erode != 0 || options.blur != 0 { mask = try erodedAndBlurred(mask) }
      mask.clamp()
    }
    return (mask, try mask.resized(width: side, height: side, interpolation: .cubic, workers: workers))
  }

  private func erodedAndBlurred(_ mask: MaskCanvas) throws(LiaeError) -> MaskCanvas {
    let result = try MaskCanvas(width: maskSide, height: maskSide)
    guard let support = mask.boundingBox(where: { $0 != 0 }) else { return result }
    // Around the mask stand zeros as wide as the face, so that it can fade inside the face's square. Of those, the ones
    // that the filters reach make a difference.
    let border = face.resolution
    let square = Region(left: -border, top: -border, width: maskSide + 2 * border, height: maskSide + 2 * border)
    var edited = try MaskCanvas(support.grown(by: abs(options.erode) + options.blur + 2).intersection(square))
    edited.paste(mask)
    if options.erode > 0 {
      edited = try edited.eroded(ellipse: options.erode, workers: workers)
    } else if options.erode < 0 {
      edited = try edited.dilated(ellipse: -options.erode, workers: workers)
    }
    let faded = edited.region.intersection(square.grown(by: -(border + options.blur / 2)))
    let inside = try MaskCanvas(edited.region)
    inside.paste(edited, faded)
    result.paste(options.blur > 0 ? try inside.gaussianBlurred(kernel: options.blur | 1, workers: workers) : inside)
    return result
  }
}

extension Canvas where Pixel == Float {
  /// The smallest rectangle of the frame around the pixels that `isInside`, or nil where there is none.
  func boundingBox(where isInside: (Float) -> Bool) -> Region? {
    var (l, r, t, b) = (Int.max, -1, Int.max, -1)
    for y in 0..<height where !CallScope.isCancelled {
      let row = pixels + y * width
      guard let first = (0..<width).first(where: { isInside(row[$0]) }),
        let last = (first..<width).last(where: { isInside(row[$0]) })
      else { continue }
      (l, r, t, b) = (min(l, first), max(r, last), min(t, y), y)
    }
    return r < 0 ? nil : Region(left: l + left, top: t + top, width: r - l + 1, height: b - t + 1)
  }
}
