// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Files of settings, which people write.
enum SmallFile {
  private static let limit = 1 << 20

  static func read(_ path: String) throws(LiaeError) -> [UInt8] {
    let file = try Bytes.map(path: path)
    guard file.count <= limit else {
      throw LiaeError(.limitExceeded, "\(path): has \(file.count) bytes; at most \(limit) are read")
    }
    return withExtendedLifetime(file) { Array(file.raw) }
  }
}

extension JSON {
  /// Reads one JSON value (RFC 8259): of a settings file, or of what ffprobe says.
  ///
  /// - Throws: `corruptFile` naming `name` and the byte.
  init(parsing text: [UInt8], name: String) throws(LiaeError) {
    var parser = Parser(text: text, name: name)
    self = try parser.document()
  }

  /// The value of a member, or nil where this is no object or has none of that key.
  subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.0 == key }?.1
  }

  var text: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  /// A whole number; also one that is written with a fraction of zero.
  var whole: Int? {
    switch self {
    case .integer(let value): return value
    case .number(let value): return Int(exactly: value)
    default: return nil
    }
  }

  var real: Double? {
    switch self {
    case .integer(let value): return Double(value)
    case .number(let value): return value
    default: return nil
    }
  }

  var elements: [JSON]? {
    if case .array(let values) = self { return values }
    return nil
  }
}

private struct Parser {
  let text: [UInt8]
  let name: String
  var position = 0
  /// Arrays and objects within each other; deeper ones could overflow the stack.
  private static let deepest = 32

  init(text: [UInt8], name: String) { (self.text, self.name) = (text, name) }

  mutating func document() throws(LiaeError) -> JSON {
    let value = try value(depth: 0)
    skipSpace()
    guard position == text.count else { throw expected("the end") }
    return value
  }

  private func expected(_ what: String) -> LiaeError {
    let found: String
    if position < text.count {
      let byte = text[position]
      found = (0x21..<0x7f).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
    } else {
      found = "the end"
    }
    return LiaeError(.corruptFile, "\(name): no valid JSON: \(what) is expected at byte \(position), found \(found)")
  }

  private mutating func skipSpace() {
    while position < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[position]) { position += 1 }
  }

  private mutating func accept(_ word: StaticString) -> Bool {
    skipSpace()
    let count = word.utf8CodeUnitCount
    let matches = word.withUTF8Buffer { word in
      position + count <= text.count && text[position..<position + count].elementsEqual(word)
    }
    if matches { position += count }
    return matches
  }

  private mutating func value(depth: Int) throws(LiaeError) -> JSON {
    guard depth < Self.deepest else { throw LiaeError(.limitExceeded, "\(name): nested deeper than \(Self.deepest)") }
    skipSpace()
    if accept("null") { return .null }
    if accept("true") { return .boolean(true) }
    if accept("false") { return .boolean(false) }
    if accept("[") {
      var values: [JSON] = []
      if accept("]") { return .array(values) }
      repeat { values.append(try value(depth: depth + 1)) } while accept(",")
      guard accept("]") else { throw expected("',' or ']'") }
      return .array(values)
    }
    if accept("{") {
      var members: [(String, JSON)] = []
      if accept("}") { return .object(members) }
      repeat {
        skipSpace()
        let start = position
        let key = try string()
        guard !members.contains(where: { $0.0 == key }) else {
          position = start
          throw LiaeError(.corruptFile, "\(name): the key \"\(key)\" stands twice in one object")
        }
        guard accept(":") else { throw expected("':'") }
        members.append((key, try value(depth: depth + 1)))
      } while accept(",")
      guard accept("}") else { throw expected("',' or '}'") }
      return .object(members)
    }
    if position < text.count, text[position] == UInt8(ascii: "\"") { return .string(try string()) }
    return try number()
  }

  private mutating func number() throws(LiaeError) -> JSON {
    let start = position
    while position < text.count, "+-.0123456789eE".utf8.contains(text[position]) { position += 1 }
    let digits = String(decoding: text[start..<position], as: UTF8.self)
    let unsigned = digits.hasPrefix("-") ? digits.dropFirst() : digits[...]
    guard let first = unsigned.first, first.isNumber, !digits.hasSuffix("."),
      !(first == "0" && unsigned.dropFirst().first?.isNumber == true)
    else {
      position = start
      throw expected("a value")
    }
    if let whole = Int(digits) { return .integer(whole) }
    guard let real = Double(digits), real.isFinite else {
      position = start
      throw expected("a number")
    }
    return .number(real)
  }

  private mutating func string() throws(LiaeError) -> String {
    guard accept("\"") else { throw expected("'\"'") }
    var bytes: [UInt8] = []
    while position < text.count, text[position] != UInt8(ascii: "\"") {
      guard text[position] >= 0x20 else { throw expected("a character of a string") }
      if text[position] == UInt8(ascii: "\\") {
        position += 1
        bytes += Array(String(try escape()).utf8)
      } else {
        bytes.append(text[position])
        position += 1
      }
    }
    guard accept("\"") else { throw expected("'\"'") }
    // Names of files need not be UTF-8; what is not becomes a replacement character.
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func escape() throws(LiaeError) -> Character {
    guard position < text.count else { throw expected("an escape") }
    let byte = text[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Character(Unicode.Scalar(byte))
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xd800..<0xdc00).contains(code), accept("\\u") {
        let low = try hexadecimal()
        guard (0xdc00..<0xe000).contains(low) else { throw expected("the second half of a surrogate pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      return Character(Unicode.Scalar(code) ?? "\u{FFFD}")
    default:
      position -= 1
      throw expected("an escape")
    }
  }

  private mutating func hexadecimal() throws(LiaeError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard position < text.count, let digit = Character(Unicode.Scalar(text[position])).hexDigitValue else {
        throw expected("a hexadecimal digit")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
