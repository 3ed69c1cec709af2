// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// A cursor over part of a file that never leaves it. Numbers are little-endian.
struct ByteReader {
  let bytes: Bytes
  /// One past the last byte that may be read.
  let end: Int
  /// The name of the file in messages.
  let name: String
  private(set) var position: Int

  /// - Throws: `corruptFile` when the part is not inside the bytes.
  init(_ bytes: Bytes, offset: Int = 0, count: Int? = nil, name: String) throws(LiaeError) {
    let wanted = count ?? max(0, bytes.count - max(0, offset))
    guard let end = CheckedSize.sum(offset, wanted), end <= bytes.count else {
      throw LiaeError(
        .corruptFile, "\(name): \(wanted) bytes at byte \(offset) are wanted, and the file has \(bytes.count)")
    }
    (self.bytes, self.end, self.name, self.position) = (bytes, end, name, offset)
  }

  var remaining: Int { end - position }

  func corrupt(_ message: String) -> LiaeError { LiaeError(.corruptFile, "\(name): \(message)") }

  /// The offset of the next `count` bytes, which are passed over.
  mutating func take(_ count: Int, _ what: @autoclosure () -> String) throws(LiaeError) -> Int {
    guard count >= 0, count <= remaining else {
      throw corrupt(
        "the file ends inside \(what()): \(count) bytes are needed at byte \(position), \(remaining) are left")
    }
    let start = position
    position += count
    return start
  }

  mutating func integer<T: FixedWidthInteger>(_ type: T.Type, _ what: @autoclosure () -> String)
    throws(LiaeError) -> T
  {
    let start = try take(MemoryLayout<T>.size, what())
    return T(littleEndian: bytes.raw.loadUnaligned(fromByteOffset: start, as: T.self))
  }

  /// A 64-bit size, refused where an `Int` cannot hold it.
  mutating func size(_ what: @autoclosure () -> String) throws(LiaeError) -> Int {
    let value = try integer(UInt64.self, what())
    guard let size = Int(exactly: value) else { throw corrupt("\(what()) of \(value) bytes") }
    return size
  }

  /// `count` bytes as UTF-8.
  mutating func text(_ count: Int, _ what: @autoclosure () -> String) throws(LiaeError) -> String {
    let start = try take(count, what())
    guard let text = bytes.text(start, count) else { throw corrupt("\(what()) at byte \(start) is not UTF-8") }
    return text
  }
}

extension Bytes {
  /// Bytes of this buffer as text, or nil where they are not UTF-8. The range must lie inside.
  func text(_ start: Int, _ count: Int) -> String? {
    String(validating: UnsafeRawBufferPointer(rebasing: raw[start..<start + count]), as: UTF8.self)
  }

  /// Tells whether `prefix` stands at `offset`.
  func starts(with prefix: [UInt8], at offset: Int = 0) -> Bool {
    guard offset >= 0, offset <= count, count - offset >= prefix.count else { return false }
    return raw[offset..<offset + prefix.count].elementsEqual(prefix)
  }
}

/// Little-endian numbers at the end of a buffer.
extension Array where Element == UInt8 {
  package mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
