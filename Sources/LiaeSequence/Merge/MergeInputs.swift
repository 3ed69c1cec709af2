// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeRuntime
import LiaeSystem

// What tells whether two runs have the same inputs.

extension Plan {
  /// The network, the order of its colours and a digest of its weights.
  var identity: String { "\(architecture.name) \(info.colorOrder) \(fingerprint)" }
}

extension FaceTimeline {
  /// SHA-256 of which face is where.
  var digest: String {
    var hash = SHA256()
    func add(_ value: some BitwiseCopyable) { withUnsafeBytes(of: value) { hash.update($0) } }
    for (frame, detected) in faces.sorted(by: { $0.key < $1.key }) {
      for face in detected {
        add(frame)
        for point in face.points { add(point) }
      }
    }
    return hash.digest()
  }
}

extension File {
  /// A digest of the file's length and of 64 stretches of it, from its first bytes to its last: a video of many gigabytes
  /// is told from another one without being read.
  ///
  /// - Throws: as `read(offset:count:)`.
  func sampledDigest() throws(LiaeError) -> String {
    let (length, stretch) = (try length(), 1 << 16)
    var hash = SHA256()
    let starts =
      length <= 64 * stretch
      ? Array(stride(from: 0, to: length, by: stretch))
      : (0..<64).map { place in
        place * ((length - stretch) / 63)
      }
    for start in starts {
      let bytes = try read(offset: start, count: min(stretch, length - start))
      hash.update(bytes.raw)
      withExtendedLifetime(bytes) {}
    }
    return "\(length) bytes, \(hash.digest())"
  }
}
