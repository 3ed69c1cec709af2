// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// Row-major tensors from PyTorch's storage, offset, shape and strides.
enum StridedTensor {
  /// The tensor as a view where it lies row-major, else as a copy that does.
  ///
  /// - Parameters:
  ///   - storage: one axis, the whole storage.
  ///   - offset: of the first element, in elements as `strides` are.
  ///   - copied: receives the bytes of the copy, if one was made.
  ///   - limit: bytes that a copy may take.
  /// - Throws: `corruptFile` where an element lies outside the storage, `limitExceeded` for a copy past `limit`,
  ///   `unsupported` for an expanded tensor, which has more elements than its storage.
  static func view(
    of storage: TensorView, offset: Int, shape: [Int], strides: [Int], copied: inout Int, limit: Int, name: String
  ) throws(LiaeError) -> TensorView {
    func corrupt(_ message: String) -> LiaeError {
      LiaeError(
        .corruptFile,
        "\(name): a tensor of shape \(shape), strides \(strides), offset \(offset) in a storage of \(storage.count) "
          + "elements \(message)")
    }
    guard shape.count == strides.count else { throw corrupt("has not one stride for each axis") }
    guard offset >= 0, strides.allSatisfy({ $0 >= 0 }) else { throw corrupt("has a negative offset or stride") }
    let size = try checkedByteCount(shape: shape, dtype: storage.dtype, what: "\(name): a tensor")
    let itemSize = storage.dtype.size
    guard size > 0 else {
      return try TensorView(dtype: storage.dtype, shape: shape, storage: storage.storage, offset: storage.offset)
    }
    var last = offset
    for (extent, step) in zip(shape, strides) {
      guard let reach = CheckedSize.product(extent - 1, step), let sum = CheckedSize.sum(last, reach) else {
        throw corrupt("reaches past every storage")
      }
      last = sum
    }
    guard last < storage.count else { throw corrupt("reaches element \(last)") }

    var isRowMajor = true
    var step = 1
    for axis in shape.indices.reversed() where shape[axis] > 1 {
      if strides[axis] != step { isRowMajor = false }
      step *= shape[axis]
    }
    if isRowMajor {
      return try TensorView(
        dtype: storage.dtype, shape: shape, storage: storage.storage, offset: storage.offset + offset * itemSize)
    }
    guard size / itemSize <= storage.count else {
      throw LiaeError(
        .unsupported,
        "\(name): a tensor of shape \(shape), strides \(strides) repeats elements; save it again after .contiguous()")
    }
    guard size <= limit else {
      throw LiaeError(.limitExceeded, "\(name): its tensors are copies of each other, larger than the file")
    }
    copied = size
    return try gather(storage, offset: offset, shape: shape, strides: strides)
  }

  /// Copies elements in row-major order; every one lies inside the storage.
  private static func gather(
    _ storage: TensorView, offset: Int, shape: [Int], strides: [Int]
  ) throws(LiaeError) -> TensorView {
    let itemSize = storage.dtype.size
    let count = shape.reduce(1, *)
    let result = try Bytes.allocate(count * itemSize, for: "a tensor of shape \(shape)")
    var index = [Int](repeating: 0, count: shape.count)
    var from = offset
    defer { withExtendedLifetime(storage) {} }
    for to in 0..<count {
      (result.base + to * itemSize).copyMemory(
        from: storage.storage.base + storage.offset + from * itemSize, byteCount: itemSize)
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        from += strides[axis]
        if index[axis] < shape[axis] { break }
        from -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return try TensorView(dtype: storage.dtype, shape: shape, storage: result)
  }
}
