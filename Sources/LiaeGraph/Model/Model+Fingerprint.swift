// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

extension Model {
  /// Tells whether something was made of these very weights, in some milliseconds and not in the seconds of `hash()`:
  /// SHA-256 over each tensor that a run reads, in canonical order: name, element type and shape, a zero byte after
  /// each, and its bytes; of more than 4096 bytes 16 pieces of 256, evenly spaced from the first to the last.
  ///
  /// A sample: training changes every weight and is noticed, a change of a few weights by hand may not be.
  package func fingerprint() throws(LiaeError) -> String {
    let (pieces, pieceBytes) = (16, 256)
    var sum = SHA256()
    for spec in graph.tensors where !spec.isUnused {
      let tensor = try tensor(spec.name)
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      Array("\(spec.name)\0\(tensor.dtype.rawValue)\0\(shape)\0".utf8).withUnsafeBytes { sum.update($0) }
      // `raw` does not keep the tensor's bytes alive.
      withExtendedLifetime(tensor) {
        let raw = tensor.raw
        guard raw.count > pieces * pieceBytes else { return sum.update(raw) }
        for piece in 0..<pieces {
          let start = (raw.count - pieceBytes) / (pieces - 1) * piece
          sum.update(UnsafeRawBufferPointer(rebasing: raw[start..<start + pieceBytes]))
        }
      }
    }
    return sum.digest()
  }
}
