// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A row-major tensor over bytes that it keeps alive: a slice of a file that was read, or memory of its own.
///
/// The bytes may stand at any address; elements are read unaligned. Little-endian, as all our formats are.
package struct TensorView: Sendable {
  package let dtype: DType
  package let shape: [Int]
  package let storage: Bytes
  package let offset: Int

  /// Number of elements.
  package let count: Int
  package var byteCount: Int { count * dtype.size }

  /// - Throws: `corruptFile` when the shape's size overflows or does not lie inside the bytes.
  package init(dtype: DType, shape: [Int], storage: Bytes, offset: Int = 0) throws(LiaeError) {
    guard let count = CheckedSize.product(shape), let size = CheckedSize.product(count, dtype.size),
      let end = CheckedSize.sum(offset, size), end <= storage.count
    else {
      throw LiaeError(
        .corruptFile,
        "a \(dtype.rawValue) tensor of shape \(shape) does not fit in the \(storage.count - max(0, offset)) bytes that hold it"
      )
    }
    (self.dtype, self.shape, self.storage, self.offset, self.count) = (dtype, shape, storage, offset, count)
  }

  package var raw: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: storage.base + offset, count: byteCount)
  }

  /// Element `index` of the flat tensor as a float. `index` must be within `0..<count`.
  package subscript(index: Int) -> Float {
    precondition(index >= 0 && index < count)
    let p = UnsafeRawPointer(storage.base + offset)
    switch dtype {
    case .float32: return p.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
    case .float16: return HalfPrecision.float(fromFloat16: p.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
    case .bfloat16:
      return HalfPrecision.float(fromBFloat16: p.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
    case .float64: return Float(p.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
    case .int64: return Float(p.loadUnaligned(fromByteOffset: index * 8, as: Int64.self))
    case .int32: return Float(p.loadUnaligned(fromByteOffset: index * 4, as: Int32.self))
    case .int16: return Float(p.loadUnaligned(fromByteOffset: index * 2, as: Int16.self))
    case .int8: return Float(p.loadUnaligned(fromByteOffset: index, as: Int8.self))
    case .uint8, .bool: return Float(p.loadUnaligned(fromByteOffset: index, as: UInt8.self))
    }
  }

  /// The same bytes under another shape of as many elements.
  package func reshaped(_ shape: [Int]) throws(LiaeError) -> TensorView {
    guard CheckedSize.product(shape) == count else {
      throw LiaeError(.shapeMismatch, "shape \(self.shape) cannot be read as \(shape): \(count) elements")
    }
    return try TensorView(dtype: dtype, shape: shape, storage: storage, offset: offset)
  }

  /// Elements that are converted between two looks at the cancellation: some milliseconds. A power of two.
  package static let elementsUntilCheck = 1 << 16

  /// Returns the index of the first element that is not finite; nil where all are.
  ///
  /// - Throws: `cancelled`.
  package func firstNonFinite() throws(LiaeError) -> Int? {
    for i in 0..<count {
      if i % Self.elementsUntilCheck == 0 { try CallScope.check() }
      if !self[i].isFinite { return i }
    }
    return nil
  }

  /// Demands that all elements are finite, as weights and an optimiser's moments are.
  ///
  /// - Parameter what: the tensor's name in the message.
  /// - Throws: `corruptFile` naming the first element that is not finite; `cancelled`.
  package func requireFinite(_ what: String) throws(LiaeError) {
    guard let index = try firstNonFinite() else { return }
    throw LiaeError(
      .corruptFile,
      "\(what): element \(index) is \(self[index]); training begins with finite numbers: the file is damaged, or its "
        + "training diverged")
  }

  /// A float32 tensor on memory of its own; itself where it is float32 already.
  package func asFloat32() throws(LiaeError) -> TensorView {
    if dtype == .float32 { return self }
    let result = try Bytes.allocate(count * 4, for: "a tensor of shape \(shape)")
    let out = result.base.assumingMemoryBound(to: Float.self)
    for i in 0..<count {
      if i % Self.elementsUntilCheck == 0 { try CallScope.check() }
      out[i] = self[i]
    }
    return try TensorView(dtype: .float32, shape: shape, storage: result)
  }

  /// The elements as float32 at an address that a Float may have: the tensor's own memory where they are that already.
  ///
  /// - Throws: `outOfMemory`.
  package func alignedFloats() throws(LiaeError) -> Bytes {
    let floats = try asFloat32()
    defer { withExtendedLifetime(floats) {} }
    if Int(bitPattern: floats.raw.baseAddress) % MemoryLayout<Float>.alignment == 0 {
      return Bytes.slice(floats.storage, offset: floats.offset, count: floats.byteCount)
    }
    return try Bytes.copy(floats.raw, for: "unaligned weights")
  }

  /// The axes in another order: axis `i` of the result is axis `order[i]` of this one. Bits are moved, not converted.
  package func permuted(_ order: [Int]) throws(LiaeError) -> TensorView {
    defer { withExtendedLifetime(storage) {} }
    precondition(order.sorted() == Array(shape.indices))
    let size = dtype.size
    let result = try Bytes.allocate(byteCount, for: "a tensor of shape \(shape)")
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    let newShape = order.map { shape[$0] }
    let steps = order.map { strides[$0] * size }
    var index = [Int](repeating: 0, count: shape.count)
    var from = 0
    let source = UnsafeRawPointer(storage.base + offset)
    for to in 0..<count {
      if to % Self.elementsUntilCheck == 0 { try CallScope.check() }
      (result.base + to * size).copyMemory(from: source + from, byteCount: size)
      var axis = newShape.count - 1
      while axis >= 0 {
        index[axis] += 1
        from += steps[axis]
        if index[axis] < newShape[axis] { break }
        from -= steps[axis] * newShape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return try TensorView(dtype: dtype, shape: newShape, storage: result)
  }
}

extension File.Writer {
  /// Writes the bytes of a tensor, which stays alive for it: `raw` alone does not see to that.
  package func write(_ tensor: TensorView) throws(LiaeError) {
    defer { withExtendedLifetime(tensor) {} }
    try write(tensor.raw)
  }
}

/// Named tensors in the order of their file, with what else the file says about itself.
package struct TensorDictionary: Sendable {
  package private(set) var names: [String] = []
  private var tensors: [String: TensorView] = [:]

  package init() {}

  package var count: Int { names.count }

  /// Setting a name that is there keeps its place; setting nil takes it out.
  package subscript(name: String) -> TensorView? {
    get { tensors[name] }
    set {
      if newValue == nil { names.removeAll { $0 == name } } else if tensors[name] == nil { names.append(name) }
      tensors[name] = newValue
    }
  }
}
