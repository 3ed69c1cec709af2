// SPDX-License-Identifier: Apache-2.0

/// Builds one protobuf message in memory. Meant for small messages: tensor data goes to the file past it.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func tag(_ number: Int, _ wireType: UInt64) { varint(UInt64(number) << 3 | wireType) }

  mutating func integer(_ number: Int, _ value: Int) {
    tag(number, 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func float(_ number: Int, _ value: Float) {
    tag(number, 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// The head of a field of `count` bytes that the caller writes after it.
  mutating func header(_ number: Int, count: Int) {
    tag(number, 2)
    varint(UInt64(count))
  }

  mutating func string(_ number: Int, _ value: String) {
    header(number, count: value.utf8.count)
    bytes.append(contentsOf: value.utf8)
  }

  mutating func message(_ number: Int, _ body: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    body(&inner)
    header(number, count: inner.bytes.count)
    bytes.append(contentsOf: inner.bytes)
  }
}
