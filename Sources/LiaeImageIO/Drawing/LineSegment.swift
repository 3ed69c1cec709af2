// SPDX-License-Identifier: Apache-2.0

/// Columns and rows of pixels.
package struct PixelRectangle: Equatable {
  package var columns, rows: Range<Int>

  package init(columns: Range<Int>, rows: Range<Int>) { (self.columns, self.rows) = (columns, rows) }

  package func intersection(_ other: PixelRectangle) -> PixelRectangle {
    PixelRectangle(columns: columns.clamped(to: other.columns), rows: rows.clamped(to: other.rows))
  }
}

/// A straight line between two points, in pixels.
package struct LineSegment {
  package var ax, ay, bx, by: Double

  package init(_ a: (x: Double, y: Double), _ b: (x: Double, y: Double)) { (ax, ay, bx, by) = (a.x, a.y, b.x, b.y) }

  /// The part of the line that lies in `area`, of which `margin` pixels more are counted on each side; nil where there is
  /// none, or an end is not finite.
  ///
  /// Source: Liang, Barsky: A new concept and method for line clipping, ACM Transactions on Graphics 3, 1984.
  package func clipped(to area: PixelRectangle, margin: Double) -> LineSegment? {
    let (dx, dy) = (bx - ax, by - ay)
    // Differences of finite numbers can be infinite too.
    guard ax.isFinite, ay.isFinite, dx.isFinite, dy.isFinite else { return nil }
    let left = Double(area.columns.lowerBound) - margin, right = Double(area.columns.upperBound - 1) + margin
    let top = Double(area.rows.lowerBound) - margin, bottom = Double(area.rows.upperBound - 1) + margin
    var (start, end) = (0.0, 1.0)
    for (slope, distance) in [(-dx, ax - left), (dx, right - ax), (-dy, ay - top), (dy, bottom - ay)] {
      if slope == 0 {
        if distance < 0 { return nil }
      } else if slope < 0 {
        start = max(start, distance / slope)
      } else {
        end = min(end, distance / slope)
      }
    }
    guard start <= end else { return nil }
    // Rounding may leave the rectangle by a little; of very long lines by more.
    func point(_ t: Double) -> (x: Double, y: Double) {
      (min(max(ax + t * dx, left), right), min(max(ay + t * dy, top), bottom))
    }
    return LineSegment(point(start), point(end))
  }

  /// Distance of a point from the nearest point of the line.
  package func distance(x: Double, y: Double) -> Double {
    let (dx, dy, px, py) = (bx - ax, by - ay, x - ax, y - ay)
    let square = dx * dx + dy * dy
    let t = square > 0 ? min(max((px * dx + py * dy) / square, 0), 1) : 0
    let (ox, oy) = (px - t * dx, py - t * dy)
    return (ox * ox + oy * oy).squareRoot()
  }

  /// The pixels of `area` that may lie nearer than `reach` to the line, which has been clipped to about `area`.
  package func pixels(reach: Double, within area: PixelRectangle) -> PixelRectangle {
    func range(_ a: Double, _ b: Double, _ limit: Range<Int>) -> Range<Int> {
      let low = Int((min(a, b) - reach).rounded(.down)), high = Int((max(a, b) + reach).rounded(.up))
      return (low..<max(low, high + 1)).clamped(to: limit)
    }
    return PixelRectangle(columns: range(ax, bx, area.columns), rows: range(ay, by, area.rows))
  }
}
