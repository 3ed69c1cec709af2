// SPDX-License-Identifier: Apache-2.0

/// Order statistics of measured times.
package struct Statistics {
  package var minimum = 0.0
  package var median = 0.0
  /// Median of the distances from the median.
  package var deviation = 0.0

  package init(_ values: [Double]) {
    guard let least = values.min() else { return }
    minimum = least
    let center = Statistics.middle(values)
    median = center
    deviation = Statistics.middle(values.map { abs($0 - center) })
  }

  private static func middle(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let half = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
  }
}
