// SPDX-License-Identifier: Apache-2.0

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64
  package init(state: UInt64) { self.state = state }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Uniform in 0..<1.
  package mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// Nearly normal: the sum of twelve uniform numbers less 6 (deviation 1, bounded by 6).
  package mutating func normal() -> Float {
    // Four 16-bit uniforms of each draw; enough for test weights and fast.
    var sum: UInt64 = 0
    for _ in 0..<3 {
      let bits = next()
      sum &+= (bits & 0xffff) &+ (bits >> 16 & 0xffff) &+ (bits >> 32 & 0xffff) &+ (bits >> 48)
    }
    return Float(sum) * 0x1p-16 - 6
  }
}
