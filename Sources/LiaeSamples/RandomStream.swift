// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The purposes for which random numbers are drawn: each has streams of its own, so that no draw depends on another's.
package enum RandomStream: UInt64 {
  case sample = 1, faceOrder, referenceOrder
}

extension SplitMix64 {
  /// The generator of stream `number` of `purpose`.
  package init(seed: UInt64, _ purpose: RandomStream, _ number: Int) {
    // Each part is mixed before the next one comes in: neighbours share nothing.
    var mixer = SplitMix64(state: seed)
    for part in [purpose.rawValue, UInt64(bitPattern: Int64(number))] {
      mixer = SplitMix64(state: mixer.next() ^ part)
    }
    self.init(state: mixer.next())
  }

  /// Uniform in the range.
  mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * Double(uniform())
  }

  /// Normal within ±2.5 deviations, as a share of these 2.5: within ±1, of a deviation of about 0.38.
  package mutating func truncatedNormal() -> Float {
    var value = normal()
    while abs(value) > 2.5 { value = normal() }
    return value / 2.5
  }
}
