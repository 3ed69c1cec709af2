// SPDX-License-Identifier: Apache-2.0

extension String {
  /// Appends spaces, to at least `width` characters.
  package func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }

  /// Prepends spaces, to at least `width` characters.
  package func rightAligned(to width: Int) -> String {
    String(repeating: " ", count: Swift.max(0, width - count)) + self
  }
}

extension Double {
  /// Formats the number with `digits` digits behind the point; `inf` and `nan` as such. At most 15 digits: larger
  /// values are cut to 1e15 divided by 10^digits.
  package func fixed(_ digits: Int) -> String {
    guard isFinite else { return isNaN ? "nan" : self > 0 ? "inf" : "-inf" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((Swift.min(magnitude, 1e15 / scale) * scale).rounded())
    let sign = self < 0 && scaled > 0 ? "-" : ""
    let whole = scaled / Int(scale)
    guard digits > 0 else { return "\(sign)\(whole)" }
    let fraction = String(scaled % Int(scale))
    return "\(sign)\(whole)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}

extension Float {
  /// Two digits and a power of ten, as in `1.4e-06`.
  package var scientific: String {
    guard isFinite, self != 0 else { return isNaN ? "nan" : self == 0 ? "0" : "inf" }
    var (mantissa, exponent) = (Double(magnitude), 0)
    while mantissa >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 0.995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    let digits = String(exponent.magnitude).rightAligned(to: 2).replacing(" ", with: "0")
    return "\(self < 0 ? "-" : "")\(mantissa.fixed(1))e\(exponent < 0 ? "-" : "+")\(digits)"
  }
}

/// 1234567 as `1,234,567`.
package func grouped(_ number: Int) -> String {
  var text = ""
  for (i, digit) in String(number.magnitude).reversed().enumerated() {
    if i > 0 && i % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return (number < 0 ? "-" : "") + String(text.reversed())
}

/// Bytes as a person reads them, in units of 1000.
package func humanBytes(_ count: Int) -> String {
  switch count {
  case ..<1000: return "\(count) bytes"
  case ..<1_000_000: return "\((Double(count) / 1e3).fixed(1)) kB"
  default: return "\((Double(count) / 1e6).fixed(1)) MB"
  }
}

/// Seconds as a person reads them, rounded up: 4:05, 1:00:30, from a day on 2 d 03:10. At most 1e9 of them.
package func duration(_ seconds: Double) -> String {
  let whole = Int(min(max(seconds, 0), 1e9).rounded(.up))
  func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  switch whole {
  case ..<3600: return "\(whole / 60):\(two(whole % 60))"
  case ..<86400: return "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))"
  default: return "\(whole / 86400) d \(two(whole / 3600 % 24)):\(two(whole / 60 % 60))"
  }
}

/// Columns of text under a header line: the first `leftColumns` to the left, the others, numbers, to the right.
package func table(header: [String], rows: [[String]], leftColumns: Int) -> String {
  let widths = header.indices.map { column in
    ([header] + rows).map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
  }
  return ([header] + rows).map { row in
    let line = row.enumerated().map { i, cell in
      i < leftColumns ? cell.padded(to: widths[i]) : cell.rightAligned(to: widths[i])
    }.joined(separator: "  ")
    // No spaces at the end of a line.
    return String(line.reversed().drop { $0 == " " }.reversed())
  }.joined(separator: "\n")
}

/// Lines of a name and what there is to say.
package func listing(_ lines: [(String, String)]) -> String {
  lines.map { $0.0.padded(to: 14) + $0.1 }.joined(separator: "\n")
}
