// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

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

  // MARK: - For a file

  /// What it holds and what is remembered of it, by name: no copies, valid until the next step.
  func views() throws(LiaeError) -> [(name: String, view: TensorView)] {
    var views = [(name, try TensorView(dtype: .float32, shape: shape, storage: valueStorage))]
    for (prefix, storage) in [("first", firstStorage), ("second", secondStorage)] {
      guard let storage else { continue }
      views.append(("\(prefix)/\(name)", try TensorView(dtype: .float32, shape: shape, storage: storage)))
    }
    return views
  }

  /// Takes over what `views` gave, looked up by `tensor`; moments that are not there begin at zero.
  ///
  /// - Throws: `missingTensor`, `shapeMismatch`, `outOfMemory`.
  func restore(_ tensor: (String) -> TensorView?) throws(LiaeError) {
    guard let values = tensor(name) else {
      throw LiaeError(.missingTensor, "tensor \(name) is missing from the training state")
    }
    try copy(values, name, to: value)
    dropMoments()
    try restoreMoments(first: tensor("first/\(name)"), second: tensor("second/\(name)"))
  }

  func restoreMoments(first: TensorView?, second: TensorView?) throws(LiaeError) {
    if let first {
      try makeMoments(1)
      if let memory = self.first { try copy(first, "the first moment of \(name)", to: memory) }
    }
    if let second {
      try makeMoments(2)
      if let memory = self.second { try copy(second, "the second moment of \(name)", to: memory) }
    }
  }

  private func copy(_ tensor: TensorView, _ what: String, to memory: UnsafeMutablePointer<Float>) throws(LiaeError) {
    guard tensor.dtype == .float32, tensor.shape == shape else {
      throw LiaeError(
        .shapeMismatch,
        "\(what) is \(tensor.dtype.rawValue) of shape \(tensor.shape); expected float32 of shape \(shape)")
    }
    withExtendedLifetime(tensor.storage) {
      guard let source = tensor.raw.baseAddress else { return }
      UnsafeMutableRawPointer(memory).copyMemory(from: source, byteCount: count * 4)
    }
  }
}
