// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The choice of the elements of a weight that an iteration changes: each with probability 308 / 1024, DeepFaceLab's
/// 0.3 in half precision.
///
/// The choice depends on nothing but the seed, the iteration, the parameter and the element, so that a resumed run makes the
/// same.
struct RateDropout {
  let seed: UInt64
  let step: Int

  /// The factors of `count` elements of a block of a parameter, whole eights: 0 or 1 each.
  func choose(parameter: Int, block: Int, count: Int, into factors: UnsafeMutablePointer<Float>) {
    var mixer = SplitMix64(state: seed)
    for part in [step, parameter, block] { mixer = SplitMix64(state: mixer.next() ^ UInt64(truncatingIfNeeded: part)) }
    for i in stride(from: 0, to: count, by: 8) {
      let bits = unsafeBitCast(SIMD2(mixer.next(), mixer.next()), to: SIMD8<UInt16>.self)
      // 308 / 1024 = 19712 / 65536.
      store(
        factors + i,
        Floats(repeating: 0).replacing(
          with: 1, where: SIMD8<Int32>(truncatingIfNeeded: bits) .< SIMD8<Int32>(repeating: 19712)))
    }
  }
}
