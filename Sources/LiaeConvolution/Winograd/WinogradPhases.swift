// SPDX-License-Identifier: Apache-2.0

/// The four phases of a picture, each of which is every second pixel of every second row: what a 3x3 convolution reads in
/// place of a stride of 2.
package enum WinogradPhases {
  /// Row and column of the first pixel of each phase. In this order the phases that have a tap for a point of infinity
  /// follow one another, in each direction.
  package static let places = [(row: 0, column: 1), (0, 0), (1, 0), (1, 1)]

  /// - Parameter phases: 1, the picture as a whole, or 4.
  package static func place(_ phase: Int, of phases: Int) -> (row: Int, column: Int) {
    phases == 4 ? places[phase] : (0, 0)
  }
}

/// For each point of a transform, row by row, the summed channels that have taps for it, and where their rows of U begin
/// within those of a column block.
package struct WinogradRows {
  package private(set) var low: [Int] = [], high: [Int] = [], offset: [Int] = []
  /// Rows of U of a column block.
  package private(set) var count = 0

  /// - Parameters:
  ///   - points: of one axis.
  ///   - phases: whether each has a tap in the last row and in the last column of three, which alone make the point at
  ///     infinity. Those that have follow one another.
  ///   - channels: packed channels of a phase.
  ///   - gap: rows between points, so that they do not begin at the same sets of a cache.
  package init(points: Int, phases: [(lastRow: Bool, lastColumn: Bool)], channels: Int, gap: Int) {
    for row in 0..<points {
      for column in 0..<points {
        let used = phases.indices.filter {
          (row < points - 1 || phases[$0].lastRow) && (column < points - 1 || phases[$0].lastColumn)
        }
        let first = used.first ?? 0
        let (low, high) = (first * channels, ((used.last ?? first - 1) + 1) * channels)
        self.low.append(low)
        self.high.append(high)
        offset.append(count)
        count += high - low + gap
      }
    }
  }

  /// Creates the rows of a picture as a whole, or of the phases of a 5x5 kernel with a stride of 2, whose odd ones have two taps.
  package init(points: Int, phases: Int, channels: Int, gap: Int) {
    self.init(
      points: points,
      phases: (0..<phases).map { phase in
        let place = WinogradPhases.place(phase, of: phases)
        return (lastRow: place.row == 0, lastColumn: place.column == 0)
      }, channels: channels, gap: gap)
  }
}
