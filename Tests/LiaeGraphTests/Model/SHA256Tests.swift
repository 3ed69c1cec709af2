// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import Testing

/// Against Python's hashlib.
@Suite struct SHA256Tests {
  private func digest(_ bytes: [UInt8], pieces: Int = 1) -> String {
    var sum = SHA256()
    let size = max(1, bytes.count / pieces)
    for start in stride(from: 0, to: bytes.count, by: size) {
      Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes { sum.update($0) }
    }
    return sum.digest()
  }

  /// Returns what Python makes by `bytes((i * 7 + n) & 255 for i in range(n))`.
  private func pattern(_ n: Int) -> [UInt8] { (0..<n).map { UInt8(truncatingIfNeeded: $0 * 7 + n) } }

  @Test func knownDigests() {
    #expect(digest([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(digest(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      digest(pattern(1_000_003)) == "2f26dbd7744e4b79c1790abaaa47422a767931400ff5f18c605a1856cfc8604f")
  }

  /// The digest of the digests of all lengths up to 200, so that every padding is met.
  @Test func everyLength() {
    let all = (0...200).map { digest(pattern($0)) }.joined()
    #expect(digest(Array(all.utf8)) == "de444fd33c2915b23d3772a4de9aa249a9206ee2f93688a74e332e160c085f41")
  }

  @Test func piecesDoNotMatter() {
    let bytes = pattern(1000)
    for pieces in [2, 3, 7, 15, 16, 100, 1000] { #expect(digest(bytes, pieces: pieces) == digest(bytes)) }
  }
}
