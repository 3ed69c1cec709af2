// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

extension JSON {
  /// Arrays and objects within each other; deeper ones could overflow the stack.
  private static let deepest = 32

  /// Reads one JSON value (RFC 8259): of a settings file, or of what ffprobe says.
  ///
  /// - Throws: `corruptFile` naming `name` and the byte, `limitExceeded` past a depth of 32.
  package init(parsing text: [UInt8], name: String) throws(LiaeError) {
    self = try text.withUnsafeBufferPointer { (text) throws(LiaeError) in
      // Lives as long as the text: a value keeps none of its bytes.
      var reader = JSONReader(
        Bytes.borrow(UnsafeRawBufferPointer(text)), offset: 0, end: text.count, name: name, part: "the JSON")
      let value = try JSON(&reader, "the document", depth: 0)
      try reader.finish()
      return value
    }
  }

  /// - Parameter what: how messages call the value.
  private init(_ reader: inout JSONReader, _ what: String, depth: Int) throws(LiaeError) {
    guard depth < Self.deepest else {
      throw LiaeError(.limitExceeded, "\(reader.name): \(what) is nested deeper than \(Self.deepest)")
    }
    switch reader.peek() {
    case UInt8(ascii: "n"):
      try reader.word("null", what)
      self = .null
    case UInt8(ascii: "t"):
      try reader.word("true", what)
      self = .boolean(true)
    case UInt8(ascii: "f"):
      try reader.word("false", what)
      self = .boolean(false)
    case UInt8(ascii: "\""):
      // ffprobe passes on what files say of themselves, UTF-8 or not; what is not becomes a replacement character.
      var bytes: [UInt8] = []
      try reader.characters(what) { bytes.append($0) }
      self = .string(String(decoding: bytes, as: UTF8.self))
    case UInt8(ascii: "["):
      var values: [JSON] = []
      try reader.array("an array") { (reader) throws(LiaeError) in
        values.append(try JSON(&reader, what, depth: depth + 1))
      }
      self = .array(values)
    case UInt8(ascii: "{"):
      var members: [(String, JSON)] = []
      var keys: Set<String> = []
      try reader.object("an object") { (reader, key) throws(LiaeError) in
        guard keys.insert(key).inserted else { throw reader.error("the key \"\(key)\" stands twice in one object") }
        members.append((key, try JSON(&reader, "\"\(key)\"", depth: depth + 1)))
      }
      self = .object(members)
    case let byte? where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte):
      let (value, whole) = try reader.numeral(what)
      self = whole.map(JSON.integer) ?? .number(value)
    default: throw reader.expected("a value of \(what)")
    }
  }

  /// The value of a member, or nil where this is no object or has none of that key.
  package subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.0 == key }?.1
  }

  package var text: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  /// A whole number; also one that is written with a fraction of zero.
  package var whole: Int? {
    switch self {
    case .integer(let value): return value
    case .number(let value): return Int(exactly: value)
    default: return nil
    }
  }

  package var real: Double? {
    switch self {
    case .integer(let value): return Double(value)
    case .number(let value): return value
    default: return nil
    }
  }

  package var isNull: Bool {
    if case .null = self { return true }
    return false
  }

  package var elements: [JSON]? {
    if case .array(let values) = self { return values }
    return nil
  }
}
