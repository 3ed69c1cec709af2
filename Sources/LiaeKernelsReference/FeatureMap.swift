// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A square of pixels, plain (C,H,W) float32, on memory of its own that starts as zeros.
struct FeatureMap {
  let channels: Int
  let side: Int
  private let storage: Bytes

  /// - Throws: `outOfMemory`.
  init(channels: Int, side: Int) throws(LiaeError) {
    guard let count = CheckedSize.product([channels, side, side, 4]) else {
      throw LiaeError(.outOfMemory, "out of memory: \(channels) channels of \(side) by \(side) pixels")
    }
    storage = try Bytes.allocate(count, for: "\(channels) channels of \(side) by \(side) pixels")
    (self.channels, self.side) = (channels, side)
  }

  var count: Int { channels * side * side }
  var values: UnsafeMutablePointer<Float> { storage.base.assumingMemoryBound(to: Float.self) }

  /// The channels of `first`, then those of `second`.
  static func concatenation(_ first: FeatureMap, _ second: FeatureMap) throws(LiaeError) -> FeatureMap {
    let both = try FeatureMap(channels: first.channels + second.channels, side: first.side)
    both.values.update(from: first.values, count: first.count)
    (both.values + first.count).update(from: second.values, count: second.count)
    return both
  }

  /// (H,W,C), as pictures lie.
  func interleaved() -> [Float] {
    let pixels = side * side
    return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      for pixel in 0..<pixels {
        for c in 0..<channels { buffer[pixel * channels + c] = values[c * pixels + pixel] }
      }
      filled = count
    }
  }
}
