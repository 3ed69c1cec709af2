// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A piece of float memory that is used again and again.
final class Buffer {
  let capacity: Int
  let floats: UnsafeMutablePointer<Float>
  private let storage: Bytes

  /// - Throws: `outOfMemory`.
  init(capacity: Int) throws(LiaeError) {
    // A vector that begins inside may be read whole.
    storage = try Bytes.allocate(capacity * 4 + 64, for: "a tensor")
    self.capacity = capacity
    floats = storage.base.assumingMemoryBound(to: Float.self)
  }
}

/// Memory of tensors, kept for the next iteration, which needs the same sizes in the same order: an iteration allocates nothing
/// after the first. Of one thread.
final class Buffers {
  private var free: [Int: [Buffer]] = [:]
  /// Bytes that tensors and free buffers take, and the most that they have taken.
  private var bytes = 0
  private(set) var peak = 0
  /// True if free buffers of other sizes go before a new one is made: less memory, for time to make them again.
  var releasesOtherSizes = false

  /// A buffer of at least `count` floats, holding anything.
  ///
  /// - Throws: `outOfMemory`.
  func take(_ count: Int) throws(LiaeError) -> Buffer {
    let capacity = Self.sizeClass(count)
    if let buffer = free[capacity]?.popLast() { return buffer }
    if releasesOtherSizes { release(atLeast: capacity) }
    let buffer = try Buffer(capacity: capacity)
    bytes += capacity * 4
    peak = max(peak, bytes)
    return buffer
  }

  /// Gives free buffers back to the system, the largest first, until they have had `floats` together.
  private func release(atLeast floats: Int) {
    var released = 0
    for capacity in free.keys.sorted(by: >) {
      while released < floats, free[capacity]?.popLast() != nil { released += capacity }
    }
    bytes -= released * 4
  }

  func give(back buffer: Buffer) { free[buffer.capacity, default: []].append(buffer) }

  /// Eight sizes an octave, so that nearly equal tensors share memory.
  private static func sizeClass(_ count: Int) -> Int {
    let count = max(count, 64)
    let step = max(64, 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount - 3))
    return (count + step - 1) / step * step
  }
}
