// SPDX-License-Identifier: Apache-2.0

/// A fraction as ffmpeg writes it: `30000/1001`, or `4:3`.
package struct Fraction: Equatable, Sendable, CustomStringConvertible {
  package var numerator: Int
  package var denominator: Int

  /// Reads a fraction above 0; nil for anything else.
  package init?(_ text: String?) {
    guard let parts = text?.split(whereSeparator: { $0 == "/" || $0 == ":" }), parts.count == 2,
      let above = Int(parts[0]), let below = Int(parts[1]), above > 0, below > 0
    else { return nil }
    (numerator, denominator) = (above, below)
  }

  /// A fraction of two numbers above 0.
  package init(_ numerator: Int, _ denominator: Int) { (self.numerator, self.denominator) = (numerator, denominator) }

  /// The nearest whole number from 1 on; past 2^53, and for what is not finite, 2^53.
  static func whole(_ value: Double) -> Int { value < 0x1p53 ? max(1, Int(max(value, 0).rounded())) : 1 << 53 }

  package var description: String { "\(numerator)/\(denominator)" }
  package var value: Double { Double(numerator) / Double(denominator) }

  /// The fraction in lowest terms.
  package var reduced: Fraction {
    let divisor = Self.divisor(numerator, denominator)
    return Fraction(numerator / divisor, denominator / divisor)
  }

  /// The greatest common divisor of two numbers above 0.
  static func divisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b > 0 { (a, b) = (b, a % b) }
    return max(a, 1)
  }
}
