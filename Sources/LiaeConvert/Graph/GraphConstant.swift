// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTensor

/// A tensor that does not depend on the picture: weights, which stay where the file has them, or a few numbers that the
/// graph computes. Rearranging it moves no element.
struct GraphConstant: Hashable {
  /// A tensor of the file; the same one is told by identity.
  final class Stored: Hashable, Sendable {
    let name: String
    let tensor: TensorView
    init(_ name: String, _ tensor: TensorView) { (self.name, self.tensor) = (name, tensor) }
    static func == (a: Stored, b: Stored) -> Bool { a === b }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
  }

  enum Source: Hashable {
    case stored(Stored)
    case numbers([Quantity])
  }

  var source: Source
  var layout: Layout
  /// The half precision that a Cast has rounded the elements to.
  var rounding: DType?

  /// Numbers that are computed one by one at most; shapes have a few.
  static let numberLimit = 4096

  var shape: [Int] { layout.shape }
  var count: Int { layout.count }
  var name: String { if case .stored(let stored) = source { "\"\(stored.name)\"" } else { "a computed constant" } }

  /// nil: more dimensions than are supported.
  init?(_ name: String, _ tensor: TensorView) {
    guard let layout = Layout(tensor.shape) else { return nil }
    (source, self.layout) = (.stored(Stored(name, tensor)), layout)
  }

  /// nil: another number of elements than the shape has.
  init?(_ numbers: [Quantity], shape: [Int]) {
    guard let layout = Layout(shape), layout.count == numbers.count else { return nil }
    (source, self.layout) = (.numbers(numbers), layout)
  }

  func with(_ layout: Layout) -> GraphConstant {
    var result = self
    result.layout = layout
    return result
  }

  // MARK: - Elements

  /// All elements; nil: more than `numberLimit`.
  var numbers: [Quantity]? {
    guard count <= Self.numberLimit else { return nil }
    return layout.places(count).map { element($0) }
  }

  /// The one number that all elements are; nil: they differ, or there are none.
  var uniform: Quantity? {
    if layout.isUniform { return layout.places(1).first.map { element($0) } }
    guard let numbers, let first = numbers.first, numbers.allSatisfy({ $0 == first }) else { return nil }
    return first
  }

  var isFloatingPoint: Bool {
    switch source {
    case .stored(let stored): stored.tensor.dtype.isFloatingPoint
    case .numbers(let numbers): numbers.allSatisfy { if case .real = $0 { true } else { false } }
    }
  }

  /// The element at a place of the source.
  private func element(_ place: Int) -> Quantity {
    switch source {
    case .numbers(let numbers): return numbers[place]
    case .stored(let stored):
      let tensor = stored.tensor
      guard tensor.dtype.isFloatingPoint else { return .integer(tensor.integer(at: place)) }
      let value = Quantity.real(Double(tensor[place]))
      return rounding.flatMap { value.cast(to: $0) } ?? value
    }
  }

  // MARK: - As a tensor

  /// The elements in row-major order under `shape`; a view of the file where they lie there so.
  ///
  /// - Throws: `outOfMemory`; `unsupported` for half precision that cannot hold a weight.
  func tensor(_ shape: [Int]) throws(LiaeError) -> TensorView {
    var tensor: TensorView
    switch source {
    case .stored(let stored): tensor = stored.tensor
    case .numbers(let numbers):
      let bytes = try Bytes.allocate(numbers.count * 4, for: name)
      let out = bytes.base.assumingMemoryBound(to: Float.self)
      for (i, number) in numbers.enumerated() { out[i] = Float(number.number ?? .nan) }
      tensor = try TensorView(dtype: .float32, shape: [numbers.count], storage: bytes)
    }
    if tensor.dtype == .float64 { tensor = try tensor.asFloat32() }
    tensor = try arranged(tensor, shape)
    if let rounding, tensor.dtype == .float32 { tensor = try tensor.converted(to: rounding, name: name) }
    return tensor
  }

  private func arranged(_ tensor: TensorView, _ shape: [Int]) throws(LiaeError) -> TensorView {
    if layout.isPlain && layout.count == tensor.count { return try tensor.reshaped(shape) }
    // Axes from the outermost of the source to the innermost: if they go through all of it, a permutation.
    let order = layout.axes.indices.sorted { layout.axes[$0].stride > layout.axes[$1].stride }
    let sizes = order.map { layout.axes[$0].size }
    var stride = 1
    let isPermutation = zip(order, sizes).reversed().allSatisfy { place, size in
      guard layout.axes[place].stride == stride else { return false }
      stride *= size
      return true
    }
    if isPermutation && layout.offset == 0 && stride == tensor.count {
      return try tensor.reshaped(sizes).permuted(layout.axes.indices.map { order.firstIndex(of: $0) ?? 0 })
        .reshaped(shape)
    }
    guard count <= Self.numberLimit else {
      throw LiaeError(.unsupported, "weights of \(layout.shape) made of parts of \(name); expected a whole tensor")
    }
    let size = tensor.dtype.size
    let bytes = try Bytes.allocate(count * size, for: name)
    defer { withExtendedLifetime(tensor) {} }
    for (to, from) in layout.places(count).enumerated() {
      (bytes.base + to * size).copyMemory(from: tensor.storage.base + tensor.offset + from * size, byteCount: size)
    }
    return try TensorView(dtype: tensor.dtype, shape: shape, storage: bytes)
  }
}

extension TensorView {
  /// Element `index` of a tensor of whole numbers. `index` must be within `0..<count`.
  func integer(at index: Int) -> Int {
    precondition(index >= 0 && index < count)
    defer { withExtendedLifetime(storage) {} }
    let p = UnsafeRawPointer(storage.base + offset)
    switch dtype {
    case .int64: return Int(Int64(littleEndian: p.loadUnaligned(fromByteOffset: index * 8, as: Int64.self)))
    case .int32: return Int(Int32(littleEndian: p.loadUnaligned(fromByteOffset: index * 4, as: Int32.self)))
    case .int16: return Int(Int16(littleEndian: p.loadUnaligned(fromByteOffset: index * 2, as: Int16.self)))
    case .int8: return Int(p.loadUnaligned(fromByteOffset: index, as: Int8.self))
    default: return Int(p.loadUnaligned(fromByteOffset: index, as: UInt8.self))
    }
  }
}
