// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The difference of two lists of numbers. Printed, it names the worst element with both values.
package struct Comparison: CustomStringConvertible, Sendable {
  /// Greatest absolute difference; infinite where the counts differ or a value is not finite in one list only.
  package private(set) var maximum = 0.0
  /// Greatest distance in units in the last place.
  package private(set) var maximumULP = 0
  /// Peak signal to noise ratio against a peak of 1, in dB; infinite for equal lists.
  package private(set) var psnr = Double.infinity
  private var worst = 0
  private var pair: (Float, Float)?
  private var note = ""
  /// The counts of both lists, where they differ.
  private var counts: (actual: Int, expected: Int)?

  /// - Parameter seed: printed with the result.
  package init(_ actual: [Float], _ expected: [Float], seed: UInt64? = nil) {
    if let seed { note = ", seed \(seed)" }
    guard actual.count == expected.count else {
      (maximum, maximumULP, psnr) = (.infinity, .max, -.infinity)
      counts = (actual.count, expected.count)
      return
    }
    var squares = 0.0
    for i in actual.indices {
      let (a, e) = (actual[i], expected[i])
      if a.bitPattern == e.bitPattern { continue }
      let difference = a.isFinite && e.isFinite ? abs(Double(a) - Double(e)) : .infinity
      squares += difference * difference
      if difference > maximum || pair == nil { (maximum, worst, pair) = (max(maximum, difference), i, (a, e)) }
      maximumULP = max(maximumULP, Self.ulps(a, e))
    }
    if squares > 0 { psnr = -10 * log10(squares / Double(actual.count)) }
  }

  /// Floats between two floats, 0 for equal ones; +0 and -0 are equal.
  package static func ulps(_ a: Float, _ b: Float) -> Int {
    if a.isNaN || b.isNaN { return a.isNaN && b.isNaN ? 0 : .max }
    func ordered(_ x: Float) -> Int {
      let magnitude = Int(x.bitPattern & 0x7fff_ffff)
      return x.sign == .minus ? -magnitude : magnitude
    }
    return abs(ordered(a) - ordered(b))
  }

  package var description: String {
    if let counts { return "\(counts.actual) values, expected \(counts.expected)\(note)" }
    guard let pair else { return "equal\(note)" }
    return "worst element \(worst): \(pair.0), expected \(pair.1); off by \(maximum) (at most \(maximumULP) ulp), "
      + "PSNR \(psnr) dB\(note)"
  }
}

/// Tells whether two lists hold the same bits.
package func isBitEqual(_ a: [Float], _ b: [Float]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
}
