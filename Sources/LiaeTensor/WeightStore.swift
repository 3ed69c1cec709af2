// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Packed weights of one kind of one layer.
package struct WeightPart: Sendable {
  package let name: String
  package let bytes: Bytes
}

/// The memory in which packed weights stand: in memory that is filled when it is taken, or ready in a file. Layers take
/// their parts in a fixed order, by name.
package final class WeightStore {
  /// The parts that have been taken, in order. Names differ.
  package private(set) var parts: [WeightPart] = []
  private let find: ((_ name: String, _ count: Int) throws(LiaeError) -> Bytes)?

  /// A store that has its parts filled.
  package init() { find = nil }

  /// A store whose parts are ready.
  ///
  /// - Parameter find: hands out the part of a name, of `count` bytes and aligned to 64, or throws.
  package init(finding find: @escaping (_ name: String, _ count: Int) throws(LiaeError) -> Bytes) { self.find = find }

  /// `count` bytes, aligned to 64, that hold what `fill` writes; zero where it writes nothing. A store whose parts are
  /// ready does not call it.
  ///
  /// - Throws: `outOfMemory`, and what `fill` throws; of parts that are ready, what finding them throws.
  package func take(
    _ name: String, _ count: Int, fill: (UnsafeMutableRawPointer) throws(LiaeError) -> Void
  ) throws(LiaeError) -> Bytes {
    let bytes: Bytes
    if let find {
      bytes = try find(name, count)
    } else {
      bytes = try Bytes.allocate(count, for: "packed weights of \(name)")
      try fill(bytes.base)
    }
    parts.append(WeightPart(name: name, bytes: bytes))
    return bytes
  }
}
