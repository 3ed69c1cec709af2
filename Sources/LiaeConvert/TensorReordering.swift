// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

extension TensorView {
  /// Returns the slices of the first axis in another order: slice `i` of the result is slice `order[i]` of this tensor.
  func reorderedFirstAxis(_ order: [Int]) throws(LiaeError) -> TensorView {
    guard shape.first == order.count, !order.isEmpty else {
      throw LiaeError(.shapeMismatch, "shape \(shape) cannot be put in an order of \(order.count) rows")
    }
    let result = try Bytes.allocate(byteCount, for: "a tensor of shape \(shape)")
    let row = byteCount / order.count
    defer { withExtendedLifetime(storage) {} }
    let rowsUntilCheck = max(1, (1 << 20) / max(1, row))
    for (to, from) in order.enumerated() {
      if to % rowsUntilCheck == 0 { try CallScope.check() }
      (result.base + to * row).copyMemory(from: storage.base + offset + from * row, byteCount: row)
    }
    return try TensorView(dtype: dtype, shape: shape, storage: result)
  }

  /// Reorders DeepFaceLab's depth-to-space channels, (dy*2 + dx)*C + c, to PyTorch's, c*4 + dy*2 + dx.
  func pixelShuffleOrder() throws(LiaeError) -> TensorView {
    let channels = (shape.first ?? 0) / 4
    return try reorderedFirstAxis((0..<channels * 4).map { ($0 % 4) * channels + $0 / 4 })
  }

  /// The inverse of `pixelShuffleOrder`.
  func depthToSpaceOrder() throws(LiaeError) -> TensorView {
    let channels = (shape.first ?? 0) / 4
    return try reorderedFirstAxis((0..<channels * 4).map { ($0 % channels) * 4 + $0 / channels })
  }

  /// The elements as `dtype`, one of float32, float16 and bfloat16; the tensor itself where it is that already.
  ///
  /// - Throws: `unsupported` where a finite number would become infinite.
  func converted(to dtype: DType, name: String) throws(LiaeError) -> TensorView {
    if self.dtype == dtype { return self }
    if dtype == .float32 { return try asFloat32() }
    let result = try Bytes.allocate(count * 2, for: name)
    let out = result.base.assumingMemoryBound(to: UInt16.self)
    let infinity: UInt16 = dtype == .float16 ? 0x7c00 : 0x7f80
    for i in 0..<count {
      if i % Self.elementsUntilCheck == 0 { try CallScope.check() }
      let value = self[i]
      let bits = dtype == .float16 ? HalfPrecision.float16(value) : HalfPrecision.bfloat16(value)
      if bits & 0x7fff == infinity && value.isFinite {
        throw LiaeError(
          .unsupported,
          "tensor \(name) holds \(value), which \(dtype.rawValue) cannot hold; float32 can")
      }
      out[i] = bits
    }
    return try TensorView(dtype: dtype, shape: shape, storage: result)
  }

  /// The three channels of `axis` (0 or 1) the other way round: blue first becomes red first.
  func reversedChannels(axis: Int) throws(LiaeError) -> TensorView {
    if axis == 0 { return try reorderedFirstAxis([2, 1, 0]) }
    guard shape.count == 4, shape[1] == 3 else {
      throw LiaeError(.shapeMismatch, "shape \(shape) has no three input channels")
    }
    let flat = try reshaped([shape[0] * 3, shape[2], shape[3]])
    return try flat.reorderedFirstAxis((0..<shape[0] * 3).map { $0 / 3 * 3 + 2 - $0 % 3 }).reshaped(shape)
  }

  /// Tells whether two tensors hold the same bits under the same shape.
  func isIdentical(to other: TensorView) -> Bool {
    guard shape == other.shape, dtype == other.dtype else { return false }
    if storage === other.storage && offset == other.offset { return true }
    return withExtendedLifetime((storage, other.storage)) { raw.elementsEqual(other.raw) }
  }
}
