// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Named lists of float32 that go from one program to another: what is expected of a processor that cannot run the tests.
package struct StoredValues {
  private var lists: [String: [Float]] = [:]
  package private(set) var names: [String] = []

  package init() {}

  package subscript(name: String) -> [Float]? { lists[name] }

  package mutating func set(_ name: String, _ values: [Float]) {
    if lists[name] == nil { names.append(name) }
    lists[name] = values
  }

  // For each list the length of its name in 4 bytes, the name, the count in 4 bytes, and the values.

  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    for name in names {
      bytes += number(name.utf8.count) + Array(name.utf8) + number(lists[name]?.count ?? 0)
      for value in lists[name] ?? [] { bytes += number(Int(value.bitPattern)) }
    }
    return bytes
  }

  /// - Throws: `corruptFile`.
  package init(_ bytes: Bytes) throws(LiaeError) {
    var at = 0
    func take(_ count: Int) throws(LiaeError) -> UnsafeRawBufferPointer {
      guard count <= bytes.count - at else { throw LiaeError(.corruptFile, "stored values end early") }
      defer { at += count }
      return UnsafeRawBufferPointer(rebasing: bytes.raw[at..<at + count])
    }
    func number() throws(LiaeError) -> Int { Int(try take(4).loadUnaligned(as: UInt32.self)) }
    while at < bytes.count {
      let name = String(decoding: try take(try number()), as: UTF8.self)
      let count = try number(), values = try take(4 * count)
      set(name, (0..<count).map { values.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) })
    }
  }
}
