// SPDX-License-Identifier: Apache-2.0

/// The 64-bit xxHash of seed 0: a check against damage at the speed of memory, no protection against anybody's intent.
///
/// Source: Collet, "xxHash fast digest algorithm", version 0.2 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
package enum XXH64 {
  private static let p1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let p2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let p3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let p4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let p5: UInt64 = 0x27D4_EB2F_1656_67C5

  package static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    func word(_ at: Int) -> UInt64 { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) }
    var at = 0
    var sum = p5
    if bytes.count >= 32 {
      // Four lanes, so that four multiplications are under way at a time.
      var (a, b, c, d): (UInt64, UInt64, UInt64, UInt64) = (p1 &+ p2, p2, 0, 0 &- p1)
      while at <= bytes.count - 32 {
        a = round(a, word(at))
        b = round(b, word(at + 8))
        c = round(c, word(at + 16))
        d = round(d, word(at + 24))
        at += 32
      }
      sum = rotate(a, 1) &+ rotate(b, 7) &+ rotate(c, 12) &+ rotate(d, 18)
      for lane in [a, b, c, d] { sum = (sum ^ round(0, lane)) &* p1 &+ p4 }
    }
    sum = sum &+ UInt64(bytes.count)
    while at <= bytes.count - 8 {
      sum = rotate(sum ^ round(0, word(at)), 27) &* p1 &+ p4
      at += 8
    }
    if at <= bytes.count - 4 {
      let half = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
      sum = rotate(sum ^ UInt64(half) &* p1, 23) &* p2 &+ p3
      at += 4
    }
    while at < bytes.count {
      sum = rotate(sum ^ UInt64(bytes[at]) &* p5, 11) &* p1
      at += 1
    }
    sum = (sum ^ sum >> 33) &* p2
    sum = (sum ^ sum >> 29) &* p3
    return sum ^ sum >> 32
  }

  @inline(__always) private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotate(lane &+ word &* p2, 31) &* p1
  }

  @inline(__always) private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
    value &<< bits | value &>> (64 &- bits)
  }
}
