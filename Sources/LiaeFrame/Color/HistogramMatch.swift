// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Histogram matching on the values themselves, without bins, as DeepFaceLab does it.
package enum HistogramMatch {
  /// Changes each channel of `face`, in place, to the distribution that `reference` has in it: each distinct value goes
  /// to the reference's value, interpolated, at its own cumulative share times threshold/255.
  ///
  /// - Parameters:
  ///   - reference: of any size, not empty.
  ///   - threshold: 0...255; below 255 takes lower quantiles, which are darker.
  /// - Throws: `invalidArgument` for a threshold outside its range, an empty reference, or values that are no finite
  ///   number or beyond ±1024; `outOfMemory`.
  package static func apply(to face: ColorCanvas, like reference: ColorCanvas, threshold: Int) throws(LiaeError) {
    guard (0...255).contains(threshold) else {
      throw LiaeError(.invalidArgument, "histogram match: the threshold is \(threshold); 0...255 is expected")
    }
    guard face.count > 0 else { return }
    guard reference.count > 0 else { throw LiaeError(.invalidArgument, "histogram match: the reference is empty") }
    try face.requireColors("the face")
    try reference.requireColors("the reference")

    let (count, targets) = (face.count, reference.count)
    let memory = try Bytes.allocate(
      16 * count + 8 * targets + RadixSort.counterBytes, for: "the sorting of a histogram match")
    let pairs = memory.base.bindMemory(to: UInt64.self, capacity: count)
    let sortedPairs = (memory.base + 8 * count).bindMemory(to: UInt64.self, capacity: count)
    let keys = (memory.base + 16 * count).bindMemory(to: UInt32.self, capacity: targets)
    let sortedKeys = (memory.base + 16 * count + 4 * targets).bindMemory(to: UInt32.self, capacity: targets)
    let counters = memory.base + 16 * count + 8 * targets
    for channel in 0..<3 {
      for index in 0..<count { pairs[index] = RadixSort.pair(face.pixels[index][channel], index) }
      for index in 0..<targets { keys[index] = RadixSort.key(reference.pixels[index][channel]) }
      RadixSort.sort(pairs: pairs, count: count, into: sortedPairs, counters: counters)
      RadixSort.sort(keys: keys, count: targets, into: sortedKeys, counters: counters)

      var quantiles = Quantiles(sortedKeys, targets)
      var first = 0
      while first < count {
        let value = RadixSort.value(UInt32(truncatingIfNeeded: sortedPairs[first] >> 32))
        var end = first + 1
        while end < count, RadixSort.value(UInt32(truncatingIfNeeded: sortedPairs[end] >> 32)) == value { end += 1 }
        let matched = quantiles.value(at: Double(threshold) * Double(end) / Double(count))
        for rank in first..<end {
          face.pixels[Int(truncatingIfNeeded: sortedPairs[rank] & 0xffff_ffff)][channel] = matched
        }
        first = end
      }
    }
    withExtendedLifetime((memory, face, reference)) {}
  }

  /// The reference's distinct values over 255·their cumulative share, read from low to high.
  private struct Quantiles {
    private let keys: UnsafePointer<UInt32>
    private let count: Int
    private var end = 0
    private var left: (share: Double, value: Double)
    private var right: (share: Double, value: Double) = (0, 0)

    init(_ keys: UnsafePointer<UInt32>, _ count: Int) {
      (self.keys, self.count) = (keys, count)
      left = (0, 0)
      advance()
      left = right
    }

    /// The next distinct value becomes `right`.
    private mutating func advance() {
      let value = RadixSort.value(keys[end])
      repeat { end += 1 } while end < count && RadixSort.value(keys[end]) == value
      left = right
      right = (255 * Double(end) / Double(count), Double(value))
    }

    /// Interpolated, clamped at the ends. `share` may not go down from call to call.
    mutating func value(at share: Double) -> Float {
      while right.share <= share, end < count { advance() }
      if share < left.share { return Float(left.value) }
      if right.share <= share { return Float(right.value) }
      return Float(left.value + (right.value - left.value) / (right.share - left.share) * (share - left.share))
    }
  }
}
