// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Canvas where Pixel == Color {
  /// OpenCV's medianBlur of 5 x 5 pixels: the 13th of 25 values for each channel by itself; outside is the pixel of the
  /// edge.
  ///
  /// - Throws: `outOfMemory`.
  package func medianBlurred5(workers: Workers = .single) throws(LiaeError) -> ColorCanvas {
    let result = try ColorCanvas(unfilled: region)
    guard count > 0 else { return result }
    workers.bands(height, maximum: 8) { rows in
      for y in rows {
        // Each column of the window is sorted once, and serves the five windows that it is in.
        var (a, b, c) = (sortedColumn(-2, y), sortedColumn(-1, y), sortedColumn(0, y))
        var d = sortedColumn(1, y)
        let target = result.pixels + y * width
        for x in 0..<width {
          let e = sortedColumn(x + 2, y)
          target[x] = median(a, b, c, d, e)
          (a, b, c, d) = (b, c, d, e)
        }
      }
    }
    withExtendedLifetime(self) {}
    return result
  }

  @inline(__always)
  private func sortedColumn(_ x: Int, _ y: Int) -> Five {
    let column = pixels + min(max(x, 0), width - 1)
    func row(_ i: Int) -> Color { column[min(max(y + i, 0), height - 1) * width] }
    return sorted(row(-2), row(-1), row(0), row(1), row(2))
  }
}

private typealias Five = (Color, Color, Color, Color, Color)

/// Lane by lane: afterwards a <= b. A NaN stays or goes; it does no harm elsewhere.
@inline(__always)
private func order(_ a: inout Color, _ b: inout Color) {
  let swaps = b .< a
  (a, b) = (a.replacing(with: b, where: swaps), b.replacing(with: a, where: swaps))
}

/// Nine comparisons, the least number for five values.
@inline(__always)
private func sorted(_ a: Color, _ b: Color, _ c: Color, _ d: Color, _ e: Color) -> Five {
  var v = (a, b, c, d, e)
  order(&v.0, &v.3)
  order(&v.1, &v.4)
  order(&v.0, &v.2)
  order(&v.1, &v.3)
  order(&v.0, &v.1)
  order(&v.2, &v.4)
  order(&v.1, &v.2)
  order(&v.3, &v.4)
  order(&v.2, &v.3)
  return v
}

/// The median of five sorted columns.
///
/// With the rows sorted too, the columns stay so, and value (i, j), counted from 1, is no less than i · j values and no
/// greater than (6 - i) · (6 - j), itself among them. Where one of these is 14 or more, it is not the 13th of 25. Six
/// values go at each end; the median is the middle one of the 13 that remain.
@inline(__always)
private func median(_ a: Five, _ b: Five, _ c: Five, _ d: Five, _ e: Five) -> Color {
  let r1 = sorted(a.0, b.0, c.0, d.0, e.0)
  let r2 = sorted(a.1, b.1, c.1, d.1, e.1)
  let r3 = sorted(a.2, b.2, c.2, d.2, e.2)
  let r4 = sorted(a.3, b.3, c.3, d.3, e.3)
  let r5 = sorted(a.4, b.4, c.4, d.4, e.4)
  // Of 8 values out of 13 neither the least nor the greatest is the middle one: there are 7 others on its one side, and
  // only 6 have room there. Without both, and with one more value, the same holds again, down to 3.
  var v = (r1.3, r1.4, r2.2, r2.3, r2.4, r3.1, r3.2, r3.3)
  order(&v.0, &v.1)
  order(&v.2, &v.3)
  order(&v.4, &v.5)
  order(&v.6, &v.7)
  order(&v.0, &v.2)
  order(&v.4, &v.6)
  order(&v.0, &v.4)
  order(&v.1, &v.3)
  order(&v.5, &v.7)
  order(&v.3, &v.7)
  // v.0 is the least, v.7 the greatest; both are done with.
  v.0 = r4.0
  order(&v.0, &v.1)
  order(&v.2, &v.3)
  order(&v.4, &v.5)
  order(&v.0, &v.2)
  order(&v.0, &v.4)
  order(&v.0, &v.6)
  order(&v.1, &v.3)
  order(&v.3, &v.5)
  order(&v.5, &v.6)
  // v.0 and v.6 go.
  v.0 = r4.1
  order(&v.0, &v.1)
  order(&v.2, &v.3)
  order(&v.4, &v.5)
  order(&v.0, &v.2)
  order(&v.0, &v.4)
  order(&v.1, &v.3)
  order(&v.3, &v.5)
  // v.0 and v.5 go.
  v.0 = r4.2
  order(&v.0, &v.1)
  order(&v.2, &v.3)
  order(&v.0, &v.2)
  order(&v.0, &v.4)
  order(&v.1, &v.3)
  order(&v.3, &v.4)
  // v.0 and v.4 go.
  v.0 = r5.0
  order(&v.0, &v.1)
  order(&v.2, &v.3)
  order(&v.0, &v.2)
  order(&v.1, &v.3)
  // v.0 and v.3 go.
  v.0 = r5.1
  order(&v.0, &v.1)
  order(&v.1, &v.2)
  order(&v.0, &v.1)
  return v.1
}
