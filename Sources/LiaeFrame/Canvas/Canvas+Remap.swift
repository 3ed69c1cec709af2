// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Canvas {
  /// OpenCV's remap with a border of 0: pixel i of the result is what stands at (`x`[i], `y`[i]) of this canvas, whose
  /// first pixel is (0, 0). Positions are rounded to 1/32 pixel; one that is no number or 2^24 pixels away shows 0.
  ///
  /// - Throws: `invalidArgument` for maps of two sizes, `limitExceeded`, `outOfMemory`.
  @_specialize(where Pixel == Float)
  @_specialize(where Pixel == Color)
  package func remapped(_ x: MaskCanvas, _ y: MaskCanvas, interpolation: Interpolation = .cubic) throws(LiaeError)
    -> Canvas
  {
    guard (x.width, x.height) == (y.width, y.height) else {
      throw LiaeError(
        .invalidArgument, "maps of \(x.width) x \(x.height) and \(y.width) x \(y.height) pixels; expected one size")
    }
    let result = try Canvas(unfilled: x.region)
    let (xs, ys, target, limit) = (x.pixels, y.pixels, result.pixels, Float(1 << 24))
    interpolation.table.withUnsafeBufferPointer { table in
      guard let table = table.baseAddress else { return }
      for i in 0..<result.count {
        // A NaN fails both comparisons.
        guard abs(xs[i]) < limit, abs(ys[i]) < limit, count > 0 else {
          target[i] = .zero
          continue
        }
        let column = Int((xs[i] * 32).rounded(.toNearestOrEven)), row = Int((ys[i] * 32).rounded(.toNearestOrEven))
        let (first, above) = ((column >> 5) &- 1, (row >> 5) &- 1)
        if first >= 0, above >= 0, first &+ 4 <= width, above &+ 4 <= height {
          target[i] = Pixel.weighted(
            pixels + (above &* width &+ first), stride: width, x: table[column & 31], y: table[row & 31])
        } else {
          target[i] = edge((column &+ left &* 32, row &+ top &* 32), table, .zero)
        }
      }
    }
    withExtendedLifetime((self, x, y)) {}
    return result
  }
}
