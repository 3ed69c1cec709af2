// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Which elements of a weight a step changes: each with probability 308 / 1024, DeepFaceLab's 0.3 in half precision.
///
/// The choice depends on nothing but the seed, the step, the parameter and the element, so that a resumed run makes the
/// same.
struct RateDropout {
  let seed: UInt64
  let step: Int

  /// Factors 0 or 1 of a block of a parameter; `count` is a multiple of 4.
  func fill(_ factors: UnsafeMutablePointer<Float>, count: Int, parameter: Int, block: Int) {
    var mixer = SplitMix64(state: seed)
    for part in [step, parameter, block] { mixer = SplitMix64(state: mixer.next() ^ UInt64(truncatingIfNeeded: part)) }
    var i = 0
    while i < count {
      let bits = mixer.next()
      for j in 0..<4 {
        // 16 bits of 65536: 308 / 1024 = 19712 / 65536.
        factors[i &+ j] = (bits >> UInt64(truncatingIfNeeded: 16 &* j)) & 0xffff < 19712 ? 1 : 0
      }
      i &+= 4
    }
  }
}
