// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Reads numbers that a file states, each within a range: arithmetic on what was read cannot overflow.
package struct NumberReader: Sendable {
  /// The file's name in messages.
  private let file: String

  package init(_ file: String) { self.file = file }

  /// A whole number out of its decimal digits.
  ///
  /// - Parameter what: how messages call the number.
  /// - Throws: `corruptFile` for any other text, and for a number out of `range`.
  package func whole<Number: FixedWidthInteger>(
    _ text: String, _ what: String, _ range: ClosedRange<Number>
  ) throws(LiaeError) -> Number {
    guard let number = Number(text), range.contains(number) else { throw wrong("\"\(text.prefix(40))\"", what, range) }
    return number
  }

  /// A whole number out of a pickle: an int, or a float or numpy scalar without fraction.
  ///
  /// - Throws: `corruptFile` for any other value, and for a number out of `range`.
  package func whole(_ value: PickleValue, _ what: String, _ range: ClosedRange<Int>) throws(LiaeError) -> Int {
    guard let number = value.intValue, range.contains(number) else {
      throw wrong(value.doubleValue.map { "\($0)" } ?? value.kind, what, range)
    }
    return number
  }

  private func wrong<Number>(_ found: String, _ what: String, _ range: ClosedRange<Number>) -> LiaeError {
    LiaeError(
      .corruptFile,
      "\(file): \(what) is \(found); expected a whole number, \(range.lowerBound) to \(range.upperBound)")
  }
}
