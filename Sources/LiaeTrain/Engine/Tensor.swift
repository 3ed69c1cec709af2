// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// float32 values (count, height, width, channels), channels fastest, and the derivative of the loss by each of them.
///
/// Memory comes from the engine's buffers and goes back to them with the tensor.
package final class Tensor {
  package let count, height, width, channels: Int
  /// True if a derivative is wanted: false for inputs and for what a stop-gradient gave.
  package let isDifferentiable: Bool
  package let value: UnsafeMutablePointer<Float>
  let engine: Engine
  private let storage: Buffer
  private var gradientStorage: Buffer?

  /// Values are whatever the memory held.
  ///
  /// - Throws: `outOfMemory`.
  package init(
    _ engine: Engine, count: Int, height: Int = 1, width: Int = 1, channels: Int, isDifferentiable: Bool = true
  ) throws(LiaeError) {
    (self.count, self.height, self.width, self.channels) = (count, height, width, channels)
    (self.engine, self.isDifferentiable) = (engine, isDifferentiable)
    storage = try engine.buffers.take(count * height * width * channels)
    value = storage.floats
  }

  deinit {
    engine.buffers.give(back: storage)
    if let gradientStorage { engine.buffers.give(back: gradientStorage) }
  }

  package var elements: Int { count * height * width * channels }
  /// Elements of one of `count`.
  package var stride: Int { height * width * channels }

  /// True if anything has added to the derivative yet.
  package var hasGradient: Bool { gradientStorage != nil }

  /// d loss / d value, for adding to: zeros at the first call.
  ///
  /// - Throws: `outOfMemory`.
  package func gradient() throws(LiaeError) -> UnsafeMutablePointer<Float> {
    if let gradientStorage { return gradientStorage.floats }
    let buffer = try engine.buffers.take(elements)
    engine.clear(buffer.floats, elements)
    gradientStorage = buffer
    return buffer.floats
  }

  /// d loss / d value for an operation that writes every element.
  ///
  /// - Throws: `outOfMemory`.
  func gradientToWrite() throws(LiaeError) -> Gradient {
    if let gradientStorage { return Gradient(pointer: gradientStorage.floats, isFresh: false) }
    let buffer = try engine.buffers.take(elements)
    gradientStorage = buffer
    return Gradient(pointer: buffer.floats, isFresh: true)
  }

  /// Gives the memory of the derivative to `other`, of as many elements, which has none: it is not needed here any more.
  func moveGradient(to other: Tensor) {
    (other.gradientStorage, gradientStorage) = (gradientStorage, nil)
  }

  /// Drops the derivative: its memory is free for the next operation.
  func dropGradient() {
    if let gradientStorage { engine.buffers.give(back: gradientStorage) }
    gradientStorage = nil
  }
}
