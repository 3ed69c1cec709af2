// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeText

/// One axis of a plot: the range of values, the pixels they map to, and the values at which a line is drawn.
package struct Axis {
  /// Finite, `low` below `high`; above 0 on a logarithmic axis.
  package let low, high: Double
  package let isLogarithmic: Bool
  /// Pixels at which `low` and `high` lie.
  package let start, end: Double
  package private(set) var ticks: [Double] = []

  /// The distance past its ends, in lengths of the axis, at which a value is still told apart from others.
  private static let farthest = 1000.0

  /// - Parameters:
  ///   - low, high: finite, the first above 0 where the axis is logarithmic; a range of nothing is widened.
  ///   - ticks: about how many there is room for.
  package init(_ low: Double, _ high: Double, isLogarithmic: Bool, start: Int, end: Int, ticks wanted: Int) {
    (self.low, self.isLogarithmic) = (low, isLogarithmic)
    // Wide enough for differences and quotients to be more than rounding.
    self.high = max(high, low + max(abs(low), 1e-6) * 1e-6)
    (self.start, self.end) = (Double(start), Double(end))
    // Of the finest grid that has no more lines than there is room for.
    ticks = isLogarithmic ? Self.powers(low, high, wanted) : Self.multiples(low, high, wanted)
  }

  /// The pixel of a value: a finite number for every value that is one, NaN for others.
  package func position(_ value: Double) -> Double {
    let share: Double
    if isLogarithmic {
      share = Math.log(max(value, low / 100) / low) / Math.log(high / low)
    } else {
      share = (value - low) / (high - low)
    }
    guard value.isFinite, !share.isNaN else { return .nan }
    return start + (end - start) * min(max(share, -Self.farthest), Self.farthest)
  }

  /// 0, 2.5k, 1M; 0.05.
  package static func label(_ value: Double) -> String {
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
    let rough = (high - low) / Double(max(1, wanted))
    let powers = (-9...18).map(powerOfTen)
    guard rough > 0, let power = powers.last(where: { $0 <= rough }) else { return [low] }
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
      let ticks = (-6...7).flatMap { power in grid.map { $0 * powerOfTen(power) } }
        .filter { $0 >= low * 0.9999 && $0 <= high * 1.0001 }
      if ticks.count <= wanted { return ticks }
    }
    return []
  }

  /// 10 to a whole power, correctly rounded from 1e-22 to 1e22.
  private static func powerOfTen(_ power: Int) -> Double {
    let magnitude = (0..<abs(power)).reduce(1.0) { product, _ in product * 10 }
    return power < 0 ? 1 / magnitude : magnitude
  }
}
