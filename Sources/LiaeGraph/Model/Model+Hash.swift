// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

extension Model {
  /// Bytes between two looks at the cancellation: some milliseconds.
  private static let hashedBytes = 1 << 20

  /// SHA-256 over the weights that a run reads, in canonical order: name, zero byte, values as little-endian float32.
  ///
  /// - Throws: `cancelled`, `outOfMemory`; `missingTensor`.
  package func hash() throws(LiaeError) -> String {
    var sum = SHA256()
    for spec in graph.tensors where !spec.isUnused {
      (Array(spec.name.utf8) + [0]).withUnsafeBytes { sum.update($0) }
      let values = try tensor(spec.name).asFloat32()
      // `raw` does not keep a converted copy alive.
      defer { withExtendedLifetime(values) {} }
      let raw = values.raw
      for start in stride(from: 0, to: raw.count, by: Self.hashedBytes) {
        try CallScope.check()
        sum.update(UnsafeRawBufferPointer(rebasing: raw[start..<min(raw.count, start + Self.hashedBytes)]))
      }
    }
    return sum.digest()
  }
}
