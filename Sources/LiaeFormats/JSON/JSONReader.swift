// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A strict pull parser of JSON (RFC 8259): objects, arrays, strings and whole numbers here, other values in
/// `JSONReader+Values.swift`.
///
/// The caller asks for what the format has at this place, and anything else is an error. So nothing is built that
/// nobody asked for, and there is no recursion that a deeply nested file could drive.
package struct JSONReader {
  let bytes: Bytes
  let end: Int
  package let name: String
  /// The name of the text in messages.
  private let part: String
  var position: Int
  private let first: Int

  /// Reads bytes `offset..<end` of the file `name`, which messages call `part`. The range must lie inside.
  package init(_ bytes: Bytes, offset: Int, end: Int, name: String, part: String = "the header") {
    (self.bytes, self.position, self.end, self.name, self.part) = (bytes, offset, end, name, part)
    first = offset
  }

  /// Returns the position of a byte as an editor shows it: line and column of a text of several lines, else the byte.
  func place(_ position: Int) -> String {
    let newline = UInt8(ascii: "\n")
    guard bytes.raw[first..<end].contains(newline) else { return "byte \(position)" }
    let before = bytes.raw[first..<max(first, min(position, end))]
    let start = before.lastIndex(of: newline).map { $0 + 1 } ?? first
    return "line \(before.count { $0 == newline } + 1), column \(position - start + 1)"
  }

  package func error(_ message: String) -> LiaeError { LiaeError(.corruptFile, "\(name): \(message)") }

  package func expected(_ what: String) -> LiaeError {
    guard position < end else { return error("\(part) ends where \(what) is expected") }
    let byte = bytes.raw[position]
    let found = (0x20..<0x7f).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
    return error("\(part) is not valid: \(what) is expected at \(place(position)), found \(found)")
  }

  mutating func skipSpace() {
    while position < end, [0x20, 0x09, 0x0a, 0x0d].contains(bytes.raw[position]) { position += 1 }
  }

  /// Takes `character` if it comes next, white space aside.
  mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < end, bytes.raw[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func require(_ character: Unicode.Scalar, _ what: String) throws(LiaeError) {
    guard accept(character) else { throw expected("\(what) '\(character)'") }
  }

  /// Calls `member` for every key of an object; it must read the value.
  package mutating func object(
    _ what: String, _ member: (inout JSONReader, String) throws(LiaeError) -> Void
  ) throws(LiaeError) {
    try require("{", what)
    if accept("}") { return }
    repeat {
      try CallScope.check()
      try member(&self, try key(what))
    } while accept(",")
    try require("}", "the end of \(what)")
  }

  /// A key of an object and the colon behind it.
  mutating func key(_ what: String) throws(LiaeError) -> String {
    let key = try string("a key of \(what)")
    try require(":", "after the key \"\(key)\"")
    return key
  }

  /// An array of whole numbers, none negative.
  ///
  /// - Parameter limit: how many there may be.
  mutating func sizes(_ what: String, limit: Int) throws(LiaeError) -> [Int] {
    try require("[", what)
    var values: [Int] = []
    if accept("]") { return values }
    repeat {
      guard values.count < limit else {
        throw LiaeError(.limitExceeded, "\(name): \(what) has more than \(limit) numbers")
      }
      values.append(try size(what))
    } while accept(",")
    try require("]", "the end of \(what)")
    return values
  }

  /// A whole number that is not negative, without fraction, exponent or leading zero.
  package mutating func size(_ what: String) throws(LiaeError) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < end, (0x30...0x39).contains(bytes.raw[position]) {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) = tens.addingReportingOverflow(Int(bytes.raw[position] - 0x30))
      guard !overflow, !overflow2 else { throw error("\(what) has a number too large for 64 bits at \(place(start))") }
      value = sum
      position += 1
    }
    guard position > start else { throw expected("a whole number of \(what)") }
    guard position == start + 1 || bytes.raw[start] != 0x30 else {
      throw error("\(what) has a number with a leading zero at \(place(start))")
    }
    return value
  }

  /// A string, escapes resolved.
  package mutating func string(_ what: String, limit: Int = FormatLimits.nameBytes) throws(LiaeError) -> String {
    skipSpace()
    let (start, file) = (position + 1, name)
    var text: [UInt8] = []
    try characters(what) { (byte) throws(LiaeError) in
      guard text.count < limit else {
        throw LiaeError(.limitExceeded, "\(file): \(what) at byte \(start) is longer than \(limit) bytes")
      }
      text.append(byte)
    }
    guard let string = String(validating: text, as: UTF8.self) else {
      throw error("\(what) at \(place(start)) is not UTF-8")
    }
    return string
  }

  /// Passes the bytes of a string on, escapes resolved; they need not be UTF-8.
  package mutating func characters(_ what: String, _ take: (UInt8) throws(LiaeError) -> Void) throws(LiaeError) {
    try require("\"", what)
    while position < end, bytes.raw[position] != UInt8(ascii: "\"") {
      let byte = bytes.raw[position]
      guard byte >= 0x20 else { throw expected("a character of \(what)") }
      position += 1
      if byte == UInt8(ascii: "\\") {
        for byte in try escape(what) { try take(byte) }
      } else {
        try take(byte)
      }
    }
    guard position < end else { throw expected("the end of \(what)") }
    position += 1
  }

  private mutating func escape(_ what: String) throws(LiaeError) -> [UInt8] {
    guard position < end else { throw expected("an escape of \(what)") }
    let byte = bytes.raw[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "u"):
      var code = try hexadecimal(what)
      if (0xd800..<0xdc00).contains(code), bytes.starts(with: Array("\\u".utf8), at: position), position + 6 <= end {
        position += 2
        let low = try hexadecimal(what)
        guard (0xdc00..<0xe000).contains(low) else { throw error("\(what) has half a surrogate pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("\(what) has half a surrogate pair") }
      return Array(String(Character(scalar)).utf8)
    default:
      position -= 1
      throw expected("an escape of \(what)")
    }
  }

  private mutating func hexadecimal(_ what: String) throws(LiaeError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard position < end, let digit = Character(Unicode.Scalar(bytes.raw[position])).hexDigitValue else {
        throw expected("four hexadecimal digits of \(what)")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  /// Requires that only white space is left.
  package mutating func finish() throws(LiaeError) {
    skipSpace()
    guard position == end else { throw expected("the end of \(part)") }
  }
}

/// JSON text of a string, quotes included.
package func jsonQuoted(_ text: String) -> String {
  var quoted = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": quoted += "\\\""
    case "\\": quoted += "\\\\"
    case "\n": quoted += "\\n"
    case "\r": quoted += "\\r"
    case "\t": quoted += "\\t"
    case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
      let digits = String(scalar.value, radix: 16)
      quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: quoted.unicodeScalars.append(scalar)
    }
  }
  return quoted + "\""
}
