// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem
import LiaeTensor

/// A trained tensor: its values, the derivative of the loss by them, and what the optimiser remembers of it.
///
/// Shapes are DeepFaceLab's: convolutions (kh, kw, in, out), transposed convolutions (kh, kw, out, in), dense layers
/// (in, out). In memory the weights of convolutions stand in a `PanelLayout`. Memory is zeroed at first.
package final class Parameter {
  /// The name as DeepFaceLab's files have it, without `:0` and with dots: `encoder.down1.downs.0.conv1.weight`.
  package let name: String
  package let shape: [Int]
  package let count: Int
  /// The layout of a convolution's weights; nil of others, which stand as they do in files.
  package let layout: PanelLayout?
  package let value: UnsafeMutablePointer<Float>
  /// d loss / d value of one iteration. Only what `hasGradient` says has been written may be read.
  package let gradient: UnsafeMutablePointer<Float>
  /// True if this iteration has written to `gradient`: the first operation that reaches the parameter sets, further
  /// ones add.
  package var hasGradient = false
  /// True if the optimiser may change it.
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

  /// - Parameter groups: of the outputs of a convolution: 4 where a depth-to-space follows it.
  /// - Throws: `outOfMemory`.
  package init(name: String, shape: [Int], groups: Int = 1) throws(LiaeError) {
    guard let count = CheckedSize.product(shape), let bytes = CheckedSize.product([count, 4]),
      let reach = CheckedSize.sum(bytes, Self.reach)
    else {
      throw LiaeError(.outOfMemory, "out of memory: tensor \(name) of shape \(shape)")
    }
    (self.name, self.shape, self.count) = (name, shape, count)
    layout =
      shape.count == 4
      ? PanelLayout(taps: shape[0] * shape[1], inputs: shape[2], outputs: shape[3], groups: groups) : nil
    valueStorage = try Bytes.allocate(reach, for: name)
    gradientStorage = try Bytes.allocate(reach, for: "the gradient of \(name)")
    value = valueStorage.base.assumingMemoryBound(to: Float.self)
    gradient = gradientStorage.base.assumingMemoryBound(to: Float.self)
  }

  /// The gradient for an operation that adds to it: zeros, where nothing has been written in this iteration.
  func gradientToAdd() -> UnsafeMutablePointer<Float> {
    if !hasGradient { gradient.update(repeating: 0, count: count) }
    hasGradient = true
    return gradient
  }

  /// The gradient for an operation that writes every element of it.
  func gradientToWrite() -> Gradient {
    defer { hasGradient = true }
    return Gradient(pointer: gradient, isFresh: !hasGradient)
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

  /// Copies elements that stand as the parameter's do into the order of files.
  package func copy(_ elements: UnsafePointer<Float>, toFileOrder target: UnsafeMutablePointer<Float>) {
    guard let layout else { return target.update(from: elements, count: count) }
    layout.forEachStretch { tap, input, output, place, width in
      (target + (tap * layout.inputs + input) * layout.outputs + output).update(from: elements + place, count: width)
    }
  }

  /// Copies elements in the order of files to where the parameter's stand.
  package func copy(fileOrder source: UnsafePointer<Float>, to elements: UnsafeMutablePointer<Float>) {
    guard let layout else { return elements.update(from: source, count: count) }
    layout.forEachStretch { tap, input, output, place, width in
      (elements + place).update(
        from: source + (tap * layout.inputs + input) * layout.outputs + output, count: width)
    }
  }

  /// Sets values in the order of files, each to what `next` returns.
  func initialise(_ next: () -> Float) {
    guard let layout else {
      for i in 0..<count { value[i] = next() }
      return
    }
    layout.forEachStretch { _, _, _, place, width in for i in 0..<width { value[place + i] = next() } }
  }

  /// What it holds and what is remembered of it, by name, in the order of files: convolutions' weights are copied when they
  /// are asked for; others are views that are valid until the next iteration.
  var sources: [TensorSource] {
    let all: [(name: String, storage: Bytes?)] = [
      (name, valueStorage), ("first/\(name)", firstStorage), ("second/\(name)", secondStorage),
    ]
    return all.compactMap { name, storage in
      storage.map { storage in
        TensorSource(name: name, dtype: .float32, shape: shape) { [self] () throws(LiaeError) in try view(storage) }
      }
    }
  }

  private func view(_ storage: Bytes) throws(LiaeError) -> TensorView {
    guard layout != nil else { return try TensorView(dtype: .float32, shape: shape, storage: storage) }
    let ordered = try Bytes.allocate(count * 4, for: "a copy of \(name)")
    copy(
      UnsafePointer(storage.base.assumingMemoryBound(to: Float.self)),
      toFileOrder: ordered.base.assumingMemoryBound(to: Float.self))
    return try TensorView(dtype: .float32, shape: shape, storage: ordered)
  }

  /// Takes over what `views` gave, looked up by `tensor`; moments that are not there begin at zero.
  ///
  /// - Throws: `missingTensor`, `shapeMismatch`, `corruptFile` for what is not finite, `outOfMemory`.
  func restore(_ tensor: (String) -> TensorView?) throws(LiaeError) {
    guard let values = tensor(name) else {
      throw LiaeError(.missingTensor, "tensor \(name) is missing from the training state")
    }
    try copy(values, "tensor \(name)", to: value)
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
    try tensor.requireFinite(what)
    // A tensor of a file may stand at any address.
    let aligned = try Bytes.copy(tensor.raw, for: what)
    copy(fileOrder: UnsafePointer(aligned.base.assumingMemoryBound(to: Float.self)), to: memory)
  }
}
