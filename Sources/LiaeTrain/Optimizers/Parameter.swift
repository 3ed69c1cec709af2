// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A trained tensor: its values, the derivative of the loss by them, and what the optimiser remembers of it.
///
/// Layouts are DeepFaceLab's: convolutions (kh, kw, in, out), transposed convolutions (kh, kw, out, in), dense layers
/// (in, out). Memory is zeroed at first.
package final class Parameter {
  /// As DeepFaceLab's files have it, without `:0` and with dots: `encoder.down1.downs.0.conv1.weight`.
  package let name: String
  package let shape: [Int]
  package let count: Int
  package let value: UnsafeMutablePointer<Float>
  /// d loss / d value of one step. Only what `hasGradient` says has been written may be read.
  package let gradient: UnsafeMutablePointer<Float>
  /// Whether this step has written to `gradient`: the first operation that reaches the parameter sets, further ones add.
  package var hasGradient = false
  /// Whether the optimiser may change it.
  package var isTrained = true
  /// AdaBelief's and Adam's mean of gradients; RMSprop's mean of squares.
  package private(set) var first: UnsafeMutablePointer<Float>?
  /// AdaBelief's and Adam's mean of squares.
  package private(set) var second: UnsafeMutablePointer<Float>?

  /// Bytes past the end that a vector which begins inside may read.
  private static let reach = 64
  /// `count` up to a whole number of 16: what the optimiser goes over. The memory past `count` is zeros.
  var paddedCount: Int { (count + 15) / 16 * 16 }
  private let valueStorage, gradientStorage: Bytes
  private var firstStorage, secondStorage: Bytes?

  /// - Throws: `outOfMemory`.
  package init(name: String, shape: [Int]) throws(LiaeError) {
    guard let count = CheckedSize.product(shape), let bytes = CheckedSize.product([count, 4]),
      let reach = CheckedSize.sum(bytes, Self.reach)
    else {
      throw LiaeError(.outOfMemory, "out of memory: tensor \(name) of shape \(shape)")
    }
    (self.name, self.shape, self.count) = (name, shape, count)
    valueStorage = try Bytes.allocate(reach, for: name)
    gradientStorage = try Bytes.allocate(reach, for: "the gradient of \(name)")
    value = valueStorage.base.assumingMemoryBound(to: Float.self)
    gradient = gradientStorage.base.assumingMemoryBound(to: Float.self)
  }

  /// The gradient for an operation that adds to it: zeros, where nothing has been written in this step.
  func gradientToAdd() -> UnsafeMutablePointer<Float> {
    if !hasGradient { gradient.update(repeating: 0, count: count) }
    hasGradient = true
    return gradient
  }

  /// Makes moments that are not there yet, of zeros.
  ///
  /// - Parameter moments: 1 or 2.
  /// - Throws: `outOfMemory`.
  package func makeMoments(_ moments: Int) throws(LiaeError) {
    if firstStorage == nil {
      let storage = try Bytes.allocate(paddedCount * 4, for: "the optimiser's state of \(name)")
      (firstStorage, first) = (storage, storage.base.assumingMemoryBound(to: Float.self))
    }
    if moments > 1, secondStorage == nil {
      let storage = try Bytes.allocate(paddedCount * 4, for: "the optimiser's state of \(name)")
      (secondStorage, second) = (storage, storage.base.assumingMemoryBound(to: Float.self))
    }
  }

  /// Forgets the moments, as for another optimiser.
  package func dropMoments() {
    (firstStorage, secondStorage, first, second) = (nil, nil, nil, nil)
  }
}
