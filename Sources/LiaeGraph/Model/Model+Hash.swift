// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

extension Model {
  /// SHA-256 over the weights that a run reads, in canonical order: name, zero byte, values as little-endian float32.
  package func hash() throws(LiaeError) -> String {
    var sum = SHA256()
    for spec in graph.tensors where !spec.isUnused {
      (Array(spec.name.utf8) + [0]).withUnsafeBytes { sum.update($0) }
      let values = try tensor(spec.name).asFloat32()
      // `raw` does not keep a converted copy alive.
      withExtendedLifetime(values) { sum.update(values.raw) }
    }
    return sum.digest()
  }
}
