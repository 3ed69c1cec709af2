// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A trained tensor: its values, the derivative of the loss by them, and what the optimiser remembers of it.
///
/// Layouts are DeepFaceLab's: convolutions (kh, kw, in, out), transposed convolutions (kh, kw, out, in), dense layers
/// (in, out). Memory is zeroed at first, and goes on with zeros to a whole number of `lanes` floats, so that loops over it
/// need no rest; nobody writes past `count`.
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

  /// Floats that memory is filled up to.
  static let lanes = 16
  /// `count` up to a whole number of `lanes`.
  let paddedCount: Int
  private let valueStorage, gradientStorage: Bytes
  private var firstStorage, secondStorage: Bytes?

  /// - Throws: `outOfMemory`.
  package init(name: String, shape: [Int]) throws(LiaeError) {
    guard let count = CheckedSize.product(shape), let padded = CheckedSize.sum(count, Self.lanes - 1),
      let bytes = CheckedSize.product(padded / Self.lanes * Self.lanes, 4)
    else { throw LiaeError(.outOfMemory, "out of memory: tensor \(name) of shape \(shape)") }
    (self.name, self.shape, self.count, paddedCount) = (name, shape, count, bytes / 4)
    valueStorage = try Bytes.allocate(bytes, for: name)
    gradientStorage = try Bytes.allocate(bytes, for: "the gradient of \(name)")
    value = valueStorage.base.assumingMemoryBound(to: Float.self)
    gradient = gradientStorage.base.assumingMemoryBound(to: Float.self)
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
