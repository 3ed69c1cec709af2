// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The random masks by which AMP's training mixes the codes of a source face: of each face a uniformly random subset of
/// the channels comes from inter_src, the others from inter_dst.
///
/// Every subset has int(channels * factor) channels, the product in double precision. The choice depends on nothing but
/// the seed, the iteration, the use and the face's index in the batch of all processes, so that a resumed run makes the same.
package struct ChannelMask {
  /// The network that a mask is drawn for: each use in an iteration has masks of its own.
  package enum Use: UInt64 { case generator, discriminator }

  let seed: UInt64
  let step: Int
  let use: Use
  /// DeepFaceLab's `morph_factor`, 0...1.
  let factor: Double

  /// Writes 1 for each channel that comes from inter_src and 0 for each other one.
  func choose(face: Int, channels: Int, into mask: UnsafeMutablePointer<Float>) {
    var generator = SplitMix64(state: seed ^ 0x616d_70)
    for part in [UInt64(truncatingIfNeeded: step), use.rawValue, UInt64(truncatingIfNeeded: face)] {
      generator = SplitMix64(state: generator.next() ^ part)
    }
    // Selection sampling: Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S.
    var missing = Int(Double(channels) * factor)
    for channel in 0..<channels {
      let left = UInt64(channels - channel)
      let isChosen = left.multipliedFullWidth(by: generator.next()).high < UInt64(missing)
      mask[channel] = isChosen ? 1 : 0
      if isChosen { missing -= 1 }
    }
  }
}
