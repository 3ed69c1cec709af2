// SPDX-License-Identifier: Apache-2.0

/// Ranges of packed input channels of which the transformed weights U of a layer are made at a time, and the tables by
/// which kernels write and find them.
package final class WinogradPieces {
  /// The packed input channels of each piece; no range spans two phases.
  package let ranges: [Range<Int>]
  /// Rows of U of one column block that are there at a time.
  package let rows: Int
  private let tables: Table<Int>
  private let points: Int

  /// - Parameters:
  ///   - points: of both axes.
  ///   - rowFloats: floats of a row of U.
  ///   - low: for each point the first packed channel that has taps for it; `high` the one after the last.
  ///   - rowOffset: for each point where its rows begin within those of a column block, of which there are `allRows`.
  package init(
    _ ranges: [Range<Int>], scope: WinogradScheme.WeightScope, points: Int, rowFloats: Int, low: UnsafePointer<Int>,
    high: UnsafePointer<Int>, rowOffset: UnsafePointer<Int>, allRows: Int
  ) {
    (self.ranges, self.points) = (ranges, points)
    var entries: [Int] = []
    var most = 0
    for range in ranges {
      var offset: [Int] = [], last: [Int] = [], row = 0
      for point in 0..<points {
        let isUsed = range.lowerBound >= low[point] && range.lowerBound < high[point]
        if scope != .piece { row = rowOffset[point] + range.lowerBound - low[point] }
        offset.append(isUsed ? row : -1)
        last.append(isUsed ? range.upperBound : range.lowerBound)
        // A row between points, so that they do not begin at the same sets of a cache.
        if isUsed { row += range.count + 1 }
      }
      most = max(most, row)
      entries += offset.map { $0 < 0 ? -1 : $0 * rowFloats }
      entries += Array(repeating: range.lowerBound, count: points) + last + offset.map { max(0, $0) }
    }
    rows = scope == .piece ? most : allRows
    tables = Table(entries)
  }

  private func table(_ piece: Int, _ part: Int) -> UnsafePointer<Int> {
    UnsafePointer(tables.pointer + (piece * 4 + part) * points)
  }

  /// For each point where U of the piece's first channel goes, floats, or -1 where it has no tap for the point.
  package func offsets(_ piece: Int) -> UnsafePointer<Int> { table(piece, 0) }

  /// What the products of a piece alone read: `kLow`, `kHigh` and `weightOffset` of `WinogradParameters`.
  package func products(_ piece: Int)
    -> (low: UnsafePointer<Int>, high: UnsafePointer<Int>, rowOffset: UnsafePointer<Int>)
  {
    (table(piece, 1), table(piece, 2), table(piece, 3))
  }
}
