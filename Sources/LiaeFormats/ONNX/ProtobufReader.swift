// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Reads the fields of one protobuf message that lies in `range` of `bytes`. Nothing is copied and nothing recurses:
/// a nested message is a range, and who wants it makes a reader of its own.
///
/// Source: the protobuf encoding guide (wire types 0, 1, 2 and 5; groups are refused).
struct ProtobufReader {
  enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    /// Offsets into `bytes`.
    case range(Range<Int>)
  }

  struct Field {
    var number: Int
    var value: Value
  }

  let bytes: Bytes
  /// The name of the place in messages: the file, and the message in it.
  let name: String
  private(set) var position: Int
  /// The beginning of the value of the field last read, after its tag and length.
  private(set) var valueStart: Int
  private let end: Int

  /// `range` lies within `0..<bytes.count`.
  init(_ bytes: Bytes, _ range: Range<Int>, name: String) {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
    (self.bytes, self.name, position, end) = (bytes, name, range.lowerBound, range.upperBound)
    valueStart = position
  }

  var isAtEnd: Bool { position == end }

  func corrupt(_ what: String) -> LiaeError { LiaeError(.corruptFile, "\(name): \(what)") }

  /// The next field, or nil at the end of the message.
  mutating func next() throws(LiaeError) -> Field? {
    if position == end { return nil }
    try CallScope.check()
    let start = position
    let tag = try varint()
    guard tag >> 3 != 0, tag >> 3 < 1 << 29 else { throw corrupt("no protobuf field number at byte \(start)") }
    let number = Int(tag >> 3)
    valueStart = position
    switch tag & 7 {
    case 0: return Field(number: number, value: .varint(try varint()))
    case 1: return Field(number: number, value: .fixed64(try fixed64()))
    case 2:
      let length = try varint()
      guard length <= UInt64(end - position) else {
        throw corrupt("field \(number) at byte \(start) claims \(length) bytes; \(end - position) are left")
      }
      let range = position..<position + Int(length)
      valueStart = position
      position = range.upperBound
      return Field(number: number, value: .range(range))
    case 5: return Field(number: number, value: .fixed32(try fixed32()))
    default: throw corrupt("wire type \(tag & 7) at byte \(start); expected 0, 1, 2 or 5")
    }
  }

  /// Seven bits a byte, lowest first; at most ten bytes, 64 bits.
  mutating func varint() throws(LiaeError) -> UInt64 {
    var result: UInt64 = 0
    for index in 0..<10 {
      guard position < end else { throw corrupt("ends within a number at byte \(position)") }
      let byte = bytes.raw[position]
      position += 1
      if index == 9 && byte > 1 { break }
      result |= UInt64(byte & 0x7f) << UInt64(7 * index)
      if byte < 0x80 { return result }
    }
    throw corrupt("a number of more than 64 bits at byte \(position)")
  }

  mutating func fixed32() throws(LiaeError) -> UInt32 {
    guard end - position >= 4 else { throw corrupt("ends within a number at byte \(position)") }
    defer { position += 4 }
    return UInt32(littleEndian: bytes.raw.loadUnaligned(fromByteOffset: position, as: UInt32.self))
  }

  mutating func fixed64() throws(LiaeError) -> UInt64 {
    guard end - position >= 8 else { throw corrupt("ends within a number at byte \(position)") }
    defer { position += 8 }
    return UInt64(littleEndian: bytes.raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  // MARK: - A field as the type that the schema gives it

  func integer(_ field: Field) throws(LiaeError) -> Int {
    guard case .varint(let value) = field.value else { throw wrongType(field, "an integer") }
    return Int(Int64(bitPattern: value))
  }

  func float(_ field: Field) throws(LiaeError) -> Float {
    guard case .fixed32(let value) = field.value else { throw wrongType(field, "a 32-bit float") }
    return Float(bitPattern: value)
  }

  func range(_ field: Field) throws(LiaeError) -> Range<Int> {
    guard case .range(let range) = field.value else { throw wrongType(field, "bytes") }
    return range
  }

  func message(_ field: Field, _ what: String) throws(LiaeError) -> ProtobufReader {
    ProtobufReader(bytes, try range(field), name: "\(name): \(what)")
  }

  func string(_ field: Field) throws(LiaeError) -> String {
    let range = try range(field)
    guard range.count <= ONNXModel.Limit.stringBytes else {
      throw LiaeError(
        .limitExceeded,
        "\(name): a string of \(range.count) bytes in field \(field.number); the limit is \(ONNXModel.Limit.stringBytes)"
      )
    }
    guard let string = String(validating: bytes.raw[range], as: UTF8.self) else {
      throw corrupt("field \(field.number) is not UTF-8")
    }
    return string
  }

  /// Appends a repeated integer, which may come one a field or packed in one.
  func integers(_ field: Field, into list: inout [Int], limit: Int) throws(LiaeError) {
    func append(_ value: UInt64) throws(LiaeError) {
      guard list.count < limit else {
        throw LiaeError(.limitExceeded, "\(name): more than \(limit) numbers in field \(field.number)")
      }
      list.append(Int(Int64(bitPattern: value)))
    }
    switch field.value {
    case .varint(let value): try append(value)
    case .range(let range):
      var packed = ProtobufReader(bytes, range, name: name)
      while !packed.isAtEnd { try append(try packed.varint()) }
    default: throw wrongType(field, "integers")
    }
  }

  private func wrongType(_ field: Field, _ expected: String) -> LiaeError {
    corrupt("field \(field.number) has another wire type than \(expected)")
  }
}
