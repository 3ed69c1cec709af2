// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Canvas {
  /// weight · this + otherWeight · other, for an image of the same size.
  ///
  /// - Throws: `invalidArgument` for another size, `outOfMemory`.
  @_specialize(where Pixel == Float)
  @_specialize(where Pixel == Color)
  package func mixed(_ weight: Float, with other: Canvas, _ otherWeight: Float, workers: Workers = .single)
    throws(LiaeError) -> Canvas
  {
    guard (width, height) == (other.width, other.height) else {
      throw LiaeError(
        .invalidArgument,
        "images of \(width) x \(height) and \(other.width) x \(other.height) pixels; expected one size")
    }
    let result = try Canvas(width: width, height: height, left: left, top: top)
    workers.bands(height) { rows in
      for i in rows.lowerBound * width..<rows.upperBound * width {
        result.pixels[i] = pixels[i] * weight + other.pixels[i] * otherWeight
      }
    }
    withExtendedLifetime((self, other)) {}
    return result
  }
}
