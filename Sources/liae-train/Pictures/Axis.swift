// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeCommandLine
import LiaeText

/// One direction of a plot: which values it shows, where, and at which of them a line is drawn.
struct Axis {
  let low, high: Double
  let isLogarithmic: Bool
  /// Pixels at which `low` and `high` lie.
  let start, end: Double
  private(set) var ticks: [Double] = []

  /// - Parameter ticks: about how many there is room for.
  init(_ low: Double, _ high: Double, isLogarithmic: Bool, start: Int, end: Int, ticks wanted: Int) {
    (self.low, self.high, self.isLogarithmic) = (low, max(high, low.nextUp), isLogarithmic)
    (self.start, self.end) = (Double(start), Double(end))
    // Of the finest grid that has no more lines than there is room for.
    ticks = isLogarithmic ? Self.powers(low, high, wanted) : Self.multiples(low, high, wanted)
  }

  func position(_ value: Double) -> Float {
    let share =
      isLogarithmic ? log(max(value, low / 100) / low) / log(high / low) : (value - low) / (high - low)
    return Float(start + (end - start) * share)
  }

  /// 0, 2.5k, 1M; 0.05.
  static func label(_ value: Double) -> String {
    func short(_ value: Double) -> String {
      var text = value.fixed(3)
      while text.hasSuffix("0") { text.removeLast() }
      if text.hasSuffix(".") { text.removeLast() }
      return text
    }
    switch value {
    case 1_000_000...: return short(value / 1e6) + "M"
    case 1000...: return short(value / 1000) + "k"
    default: return short(value)
    }
  }

  /// Multiples of 1, 2 or 5 times a power of ten.
  private static func multiples(_ low: Double, _ high: Double, _ wanted: Int) -> [Double] {
    let rough = max((high - low) / Double(max(1, wanted)), 1e-9)
    let power = pow(10, log10(rough).rounded(.down))
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? rough
    let first = (low / step).rounded(.up)
    guard (high / step - first) < 100 else { return [] }
    return stride(from: first, through: (high / step).rounded(.down), by: 1).map { $0 * step }
  }

  /// Round numbers that keep a like distance on a logarithmic axis.
  private static func powers(_ low: Double, _ high: Double, _ wanted: Int) -> [Double] {
    let grids: [[Double]] = [
      [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9], [1, 1.5, 2, 3, 4, 5, 6, 8], [1, 2, 3, 5, 7],
      [1, 2, 5], [1, 3], [1],
    ]
    for grid in grids {
      let ticks = (-6...7).flatMap { power in grid.map { $0 * pow(10, Double(power)) } }
        .filter { $0 >= low * 0.9999 && $0 <= high * 1.0001 }
      if ticks.count <= wanted { return ticks }
    }
    return []
  }
}
