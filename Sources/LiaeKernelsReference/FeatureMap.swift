// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The result of a node for one image: float32 (channels, side, side), zeros at first.
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

  /// Returns the values in the order row, column, channel, that of pictures.
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
