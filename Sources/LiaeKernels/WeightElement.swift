// SPDX-License-Identifier: Apache-2.0

/// The element type in which a weight is stored.
@usableFromInline package enum WeightElement {
  @inlinable @inline(__always) package static var float32: Int { 0 }
  @inlinable @inline(__always) package static var float16: Int { 1 }
  @inlinable @inline(__always) package static var bfloat16: Int { 2 }
}

/// Weights of one kind, to be instantiated with.
@usableFromInline protocol StoredWeight {
  /// Bytes.
  static var size: Int { get }
  /// A vector of neighbours as floats, exactly.
  static func load<V: Lanes>(_ p: UnsafeRawPointer) -> V
}

@usableFromInline enum Float32Weight: StoredWeight {
  @inlinable @inline(__always) static var size: Int { 4 }
  @inlinable @inline(__always) static func load<V: Lanes>(_ p: UnsafeRawPointer) -> V { p.loadUnaligned(as: V.self) }
}

@usableFromInline enum Float16Weight: StoredWeight {
  @inlinable @inline(__always) static var size: Int { 2 }
  @inlinable @inline(__always) static func load<V: Lanes>(_ p: UnsafeRawPointer) -> V { V.widening(float16: p) }
}

@usableFromInline enum BFloat16Weight: StoredWeight {
  @inlinable @inline(__always) static var size: Int { 2 }
  @inlinable @inline(__always) static func load<V: Lanes>(_ p: UnsafeRawPointer) -> V { V.widening(bfloat16: p) }
}
