// SPDX-License-Identifier: Apache-2.0

/// The pixels of a straight line between two pixels as OpenCV draws them: Bresenham's line, whose halves stay with the side of
/// its left end.
package struct PixelLine: Sendable {
  /// The left end and the right one.
  let start, end: SIMD2<Int>
  package let rows: ClosedRange<Int>

  /// - Precondition: coordinates between -2^28 and 2^28, so that no product overflows.
  package init(_ a: SIMD2<Int>, _ b: SIMD2<Int>) {
    (start, end) = a.x <= b.x ? (a, b) : (b, a)
    rows = min(a.y, b.y)...max(a.y, b.y)
  }

  /// Returns the columns of the line's pixels in a row of `rows`.
  package func columns(_ y: Int) -> ClosedRange<Int> {
    let (width, height) = (end.x - start.x, rows.upperBound - rows.lowerBound)
    let step = abs(y - start.y)
    if height == 0 { return start.x...end.x }
    if height > width {
      let x = start.x + (2 * step * width + height - 1) / (2 * height)
      return x...x
    }
    // Column k has the line in row (2·k·height + width - 1) / (2·width); solved for k.
    let before = width * (2 * step - 1) + 1
    let first = step == 0 ? 0 : (before + 2 * height - 1) / (2 * height)
    let last = min(width, width * (2 * step + 1) / (2 * height))
    return start.x + first...start.x + max(first, last)
  }
}
