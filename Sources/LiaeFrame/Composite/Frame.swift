// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// A frame that somebody else holds in memory, and the faces cut out of it.
package struct Frame {
  package let image: ImageView
  let workers: Workers

  /// - Throws: `invalidArgument`: no pixels, or a stride that is less than a row.
  package init(_ image: ImageView, workers: Workers = .single) throws(LiaeError) {
    try image.check("the frame")
    (self.image, self.workers) = (image, workers)
  }

  package var region: Region { Region(width: image.width, height: image.height) }

  /// The square of `side` pixels that `matrix` cuts out; black where the frame ends.
  ///
  /// - Parameter clamps: whether the result is clamped to 0...1, past which cubic interpolation goes at edges.
  /// - Throws: `invalidArgument` where no part of it lies in the frame, or the frame has pixels there that are no finite
  ///   numbers or far beyond 1; `outOfMemory`.
  package func crop(
    _ matrix: Affine, side: Int, interpolation: Interpolation = .cubic, clamps: Bool = true
  ) throws(LiaeError) -> ColorCanvas {
    _ = try visiblePart(ofSquare: side, in: matrix)
    let (result, inverse) = (try ColorCanvas(unfilled: Region(width: side, height: side)), matrix.inverse)
    func source(_ tile: Region) -> Region { Region(of: tile, in: matrix).intersection(region) }
    // As a whole, unless the face is so large in its frame that its pixels would not fit the caches, nor memory in the end.
    var tile = result.region
    while min(Region(of: tile, in: matrix).count, region.count) > Self.tilePixels, tile.width > 1 {
      tile = Region(width: (tile.width + 1) / 2, height: (tile.height + 1) / 2)
    }
    for top in stride(from: 0, to: side, by: tile.height) {
      for left in stride(from: 0, to: side, by: tile.width) {
        try CallScope.check()
        let square = Region(left: left, top: top, width: tile.width, height: tile.height).intersection(result.region)
        let pixels = try ColorCanvas(reading: image, source(square), workers: workers)
        result.paste(
          try pixels.warped(
            inverse, width: square.width, height: square.height, left: left, top: top, interpolation: interpolation,
            workers: workers))
      }
    }
    if image.format.isFloat { try checkRange(result) }
    if clamps { result.clamp() }
    return result
  }

  /// Brightness that a crop may have on average. Highlights beyond 1 are no mistake, a whole face of them is.
  private static let brightest: Float = 4

  /// - Throws: `invalidArgument` where float pixels look as if they counted to 255.
  private func checkRange(_ crop: ColorCanvas) throws(LiaeError) {
    var sum = Color.zero
    for i in 0..<crop.count { sum += crop.pixels[i] }
    withExtendedLifetime(crop) {}
    let mean = max(sum.x, sum.y, sum.z) / Float(crop.count)
    guard mean <= Self.brightest else {
      throw LiaeError(
        .invalidArgument,
        "the face's float pixels are \(mean) on average; 0...1 is expected: divide pixels of 0...255 by 255")
    }
  }

  /// Pixels of the frame that are read at a time.
  private static let tilePixels = 1 << 22

  /// A face cut out of the frame by its landmarks.
  ///
  /// - Parameter side: of the crop, pixels.
  /// - Throws: as `crop` and `FacePlacement.transform`.
  package func aligned(_ placement: FacePlacement, side: Int) throws(LiaeError) -> AlignedFace {
    let matrix = try placement.transform(size: side)
    return AlignedFace(placement: placement, matrix: matrix, crop: try crop(matrix, side: side))
  }

  /// The face as a network of `resolution` pixels takes it.
  ///
  /// - Parameter isEnhanced: whether the composite will use super resolution, which cuts out four times as large.
  package func networkInput(
    _ placement: FacePlacement, resolution: Int, isEnhanced: Bool = false
  ) throws(LiaeError) -> ColorCanvas {
    guard isEnhanced else { return try aligned(placement, side: resolution).crop }
    return try aligned(placement, side: resolution * 4).crop
      .resized(width: resolution, height: resolution, interpolation: .linear, workers: workers)
  }

  /// Returns the region of the frame that shows the square which `matrix` cuts out.
  func visiblePart(ofSquare side: Int, in matrix: Affine) throws(LiaeError) -> Region {
    let part = Region(ofSquare: side, in: matrix).intersection(region)
    guard !part.isEmpty else {
      let center = matrix.inverse(Point(repeating: Double(side) / 2))
      throw LiaeError(
        .invalidArgument,
        "the face lies outside the frame: its centre is at (\(center.x.rounded()), \(center.y.rounded())), the frame has \(image.width) x \(image.height) pixels"
      )
    }
    return part
  }
}

/// A face cut out of a frame, and where it was.
package struct AlignedFace {
  package let placement: FacePlacement
  /// Frame to the pixels of `crop`.
  package let matrix: Affine
  /// Square; blue, green, red, 0...1; black where the frame ends.
  package let crop: ColorCanvas
}

extension Canvas {
  /// Every channel within 0...1.
  package func clamp(_ workers: Workers = .single) {
    workers.bands(height, minimum: 32) { rows in
      let (values, count) = (floats(rows.lowerBound), rows.count * width * Self.lanes)
      for i in 0..<count { values[i] = values[i].clamped }
    }
  }
}
