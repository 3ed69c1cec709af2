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
  /// Bytes that tensors and free buffers take.
  private(set) var bytes = 0

  /// A buffer of at least `count` floats, holding anything.
  ///
  /// - Throws: `outOfMemory`.
  func take(_ count: Int) throws(LiaeError) -> Buffer {
    let capacity = Self.sizeClass(count)
    if let buffer = free[capacity]?.popLast() { return buffer }
    let buffer = try Buffer(capacity: capacity)
    bytes += capacity * 4
    return buffer
  }

  func give(back buffer: Buffer) { free[buffer.capacity, default: []].append(buffer) }

  /// Eight sizes an octave, so that nearly equal tensors share memory.
  private static func sizeClass(_ count: Int) -> Int {
    let count = max(count, 64)
    let step = max(64, 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount - 3))
    return (count + step - 1) / step * step
  }
}
