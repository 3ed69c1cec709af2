// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A rectangle of whole pixels of a frame. Empty where a side is 0.
package struct Region: Sendable, Equatable {
  package var left, top, width, height: Int

  package init(left: Int = 0, top: Int = 0, width: Int, height: Int) {
    (self.left, self.top, self.width, self.height) = (left, top, max(0, width), max(0, height))
  }

  package var isEmpty: Bool { width == 0 || height == 0 }
  package var right: Int { left + width }
  package var bottom: Int { top + height }
  /// Pixels; as many as an `Int` holds where there are more.
  var count: Int { CheckedSize.product(width, height) ?? .max }

  /// The smallest that holds all points, of which there is one or more.
  init(around points: [SIMD2<Int>]) {
    let (x, y) = (points.map(\.x), points.map(\.y))
    let (left, top) = (x.min() ?? 0, y.min() ?? 0)
    self.init(left: left, top: top, width: (x.max() ?? 0) - left + 1, height: (y.max() ?? 0) - top + 1)
  }

  /// Creates the region in which the square of `side` pixels that `matrix` cuts out of the frame lies, with what cubic
  /// filters reach around it.
  init(ofSquare side: Int, in matrix: Affine) {
    self.init(of: Region(width: side, height: side), in: matrix, reach: 3)
  }

  /// The pixels of the frame that a part of the square is interpolated between; with those that `reach` pixels more on
  /// each side are.
  init(of part: Region, in matrix: Affine, reach: Int = 0) {
    let inverse = matrix.inverse
    let (l, t) = (Double(part.left - reach), Double(part.top - reach))
    let (r, b) = (Double(part.right - 1 + reach), Double(part.bottom - 1 + reach))
    let corners = [Point(l, t), Point(r, t), Point(l, b), Point(r, b)].map { inverse($0) }
    // Past a billion pixels there is no frame; NaN counts as 0.
    func whole(_ value: Double) -> Int { value.isNaN ? 0 : Int(min(max(value, -1e9), 1e9)) }
    let (x, y) = (corners.map(\.x), corners.map(\.y))
    let left = whole((x.min() ?? 0).rounded(.down)) - 3
    let top = whole((y.min() ?? 0).rounded(.down)) - 3
    self.init(
      left: left, top: top, width: whole((x.max() ?? 0).rounded(.up)) + 4 - left,
      height: whole((y.max() ?? 0).rounded(.up)) + 4 - top)
  }

  /// Returns the region with `margin` more on each side; less, where it is negative.
  func grown(by margin: Int) -> Region {
    Region(left: left - margin, top: top - margin, width: width + 2 * margin, height: height + 2 * margin)
  }

  func intersection(_ other: Region) -> Region {
    let (l, t) = (max(left, other.left), max(top, other.top))
    return Region(left: l, top: t, width: min(right, other.right) - l, height: min(bottom, other.bottom) - t)
  }

  /// The smallest rectangle around both; an empty one does not count.
  func union(_ other: Region) -> Region {
    if isEmpty { return other }
    if other.isEmpty { return self }
    let (l, t) = (min(left, other.left), min(top, other.top))
    return Region(left: l, top: t, width: max(right, other.right) - l, height: max(bottom, other.bottom) - t)
  }

  func contains(_ other: Region) -> Bool {
    other.left >= left && other.top >= top && other.right <= right && other.bottom <= bottom
  }
}

extension Canvas {
  /// Zeros.
  package convenience init(_ region: Region) throws(LiaeError) {
    try self.init(width: region.width, height: region.height, left: region.left, top: region.top)
  }

  package var region: Region { Region(left: left, top: top, width: width, height: height) }
}
