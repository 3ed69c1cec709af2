// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Where packed weights stand. Layers take their parts in a fixed order, by name.
package final class WeightStore {
  /// What has been taken, in order.
  package private(set) var parts: [(name: String, bytes: Bytes)] = []

  package init() {}

  /// `count` bytes, aligned to 64, that hold what `fill` writes; zero where it writes nothing.
  ///
  /// - Throws: `outOfMemory`, and what `fill` throws.
  func take(
    _ name: String, _ count: Int, fill: (UnsafeMutableRawPointer) throws(LiaeError) -> Void
  ) throws(LiaeError) -> Bytes {
    let bytes = try Bytes.allocate(count, for: "packed weights of \(name)")
    try fill(bytes.base)
    parts.append((name, bytes))
    return bytes
  }

  /// Bytes of all parts.
  package var bytes: Int { parts.reduce(0) { $0 + $1.bytes.count } }
}
