// SPDX-License-Identifier: Apache-2.0
import CLiaeIntrinsics

/// A vector of float32 of one instruction set's width. Every kernel is written once, generic over it.
///
/// The operators are requirements, so that generic code takes the concrete, inlined ones. Each width belongs to one
/// instruction set alone: 4 to the baseline, 8 to AVX2 or, as pairs of registers, NEON, 16 to AVX-512; specialisations
/// therefore never share a name.
@usableFromInline package protocol Lanes: SIMD where Scalar == Float {
  associatedtype Bits: SIMD where Bits.Scalar == Int32
  associatedtype Wide: SIMD where Wide.Scalar == Double

  static var width: Int { get }
  /// The largest number of rows of a register tile of two vectors that stays in registers.
  static var tileRows: Int { get }
  /// Rows of a register tile of two vectors whose scalars are neighbours: a part of W, 4 or 8.
  static var transposedRows: Int { get }

  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  /// c + a * b, in one rounding where the hardware has it. Elsewhere `addingProduct` would call `fmaf` for each lane.
  static func mulAdd(_ c: Self, _ a: Self, _ b: Self) -> Self
  static func squareRoot(_ x: Self) -> Self
  static func smaller(_ a: Self, _ b: Self) -> Self
  static func larger(_ a: Self, _ b: Self) -> Self
  /// `y` where `x` is below zero, else `x`.
  static func whereNegative(_ x: Self, _ y: Self) -> Self
  /// `a` where `x` is above zero, else `b`.
  static func selectWherePositive(_ x: Self, _ a: Self, _ b: Self) -> Self

  var bits: Bits { get }
  init(bits: Bits)
  /// 2^i for the integers of `i`, -126...127.
  static func powerOfTwo(_ i: Bits) -> Self
  /// The sign bit set where the integer is odd: (-1)^i as a factor to be xor-ed.
  static func negatedWhereOdd(_ x: Self, _ i: Bits) -> Self
  /// sum + x * x in double.
  static func addingSquares(_ sum: Wide, _ x: Self) -> Wide
  /// Loads as many values as there are lanes, of 16 bits each, exactly. Any address.
  static func widening(float16 p: UnsafeRawPointer) -> Self
  static func widening(bfloat16 p: UnsafeRawPointer) -> Self
  /// Transposes as many rows as there are lanes, `from` floats apart, to columns, `to` floats apart.
  static func transpose(_ s: FloatPointer, _ from: Int, _ d: MutableFloatPointer, _ to: Int)
}

extension SIMD16<Float>: Lanes {
  @usableFromInline package typealias Bits = SIMD16<Int32>
  @usableFromInline package typealias Wide = SIMD16<Double>
  @inlinable @inline(__always) package static var width: Int { 16 }
  @inlinable @inline(__always) package static var tileRows: Int { 14 }
  @inlinable @inline(__always) package static var transposedRows: Int { 8 }
  @inlinable @inline(__always) package static func mulAdd(_ c: Self, _ a: Self, _ b: Self) -> Self {
    c.addingProduct(a, b)
  }
  @inlinable @inline(__always) package static func smaller(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: b .< a)
  }
  @inlinable @inline(__always) package static func larger(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: b .> a)
  }
  @inlinable @inline(__always) package static func whereNegative(_ x: Self, _ y: Self) -> Self {
    x.replacing(with: y, where: x .< 0)
  }
  @inlinable @inline(__always) package static func selectWherePositive(_ x: Self, _ a: Self, _ b: Self) -> Self {
    b.replacing(with: a, where: x .> 0)
  }
  @inlinable @inline(__always) package var bits: Bits { unsafeBitCast(self, to: Bits.self) }
  @inlinable @inline(__always) package init(bits: Bits) { self = unsafeBitCast(bits, to: Self.self) }
  @inlinable @inline(__always) package static func powerOfTwo(_ i: Bits) -> Self { Self(bits: (i &+ 127) &<< 23) }
  @inlinable @inline(__always) package static func negatedWhereOdd(_ x: Self, _ i: Bits) -> Self {
    Self(bits: x.bits ^ (i &<< 31))
  }
  @inlinable @inline(__always) package static func widening(float16 p: UnsafeRawPointer) -> Self {
    liae_widen_float16_16(p)
  }
  @inlinable @inline(__always) package static func widening(bfloat16 p: UnsafeRawPointer) -> Self {
    liae_widen_bfloat16_16(p)
  }
  @inlinable @inline(__always) package static func squareRoot(_ x: Self) -> Self { liae_square_root_16(x) }
  @inlinable @inline(__always) package static func addingSquares(_ sum: Wide, _ x: Self) -> Wide {
    liae_add_squares_16(sum, x)
  }
  @inlinable @inline(__always)
  package static func transpose(_ s: FloatPointer, _ from: Int, _ d: MutableFloatPointer, _ to: Int) {
    liae_transpose_16(s, from, d, to)
  }
}

extension SIMD8<Float>: Lanes {
  @usableFromInline package typealias Bits = SIMD8<Int32>
  @usableFromInline package typealias Wide = SIMD8<Double>
  @inlinable @inline(__always) package static var width: Int { 8 }
  @inlinable @inline(__always) package static var tileRows: Int {
    #if arch(arm64)
      // 20 registers of sums, 4 of weights, and up to 5 of factors, which x86 takes from memory.
      5
    #else
      6
    #endif
  }
  @inlinable @inline(__always) package static var transposedRows: Int { 4 }
  @inlinable @inline(__always) package static func mulAdd(_ c: Self, _ a: Self, _ b: Self) -> Self {
    c.addingProduct(a, b)
  }
  @inlinable @inline(__always) package static func smaller(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: b .< a)
  }
  @inlinable @inline(__always) package static func larger(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: b .> a)
  }
  @inlinable @inline(__always) package static func whereNegative(_ x: Self, _ y: Self) -> Self {
    x.replacing(with: y, where: x .< 0)
  }
  @inlinable @inline(__always) package static func selectWherePositive(_ x: Self, _ a: Self, _ b: Self) -> Self {
    b.replacing(with: a, where: x .> 0)
  }
  @inlinable @inline(__always) package var bits: Bits { unsafeBitCast(self, to: Bits.self) }
  @inlinable @inline(__always) package init(bits: Bits) { self = unsafeBitCast(bits, to: Self.self) }
  @inlinable @inline(__always) package static func powerOfTwo(_ i: Bits) -> Self { Self(bits: (i &+ 127) &<< 23) }
  @inlinable @inline(__always) package static func negatedWhereOdd(_ x: Self, _ i: Bits) -> Self {
    Self(bits: x.bits ^ (i &<< 31))
  }
  @inlinable @inline(__always) package static func widening(float16 p: UnsafeRawPointer) -> Self {
    liae_widen_float16_8(p)
  }
  @inlinable @inline(__always) package static func widening(bfloat16 p: UnsafeRawPointer) -> Self {
    liae_widen_bfloat16_8(p)
  }
  @inlinable @inline(__always) package static func squareRoot(_ x: Self) -> Self { liae_square_root_8(x) }
  @inlinable @inline(__always) package static func addingSquares(_ sum: Wide, _ x: Self) -> Wide {
    liae_add_squares_8(sum, x)
  }
  @inlinable @inline(__always)
  package static func transpose(_ s: FloatPointer, _ from: Int, _ d: MutableFloatPointer, _ to: Int) {
    liae_transpose_8(s, from, d, to)
  }
}

extension SIMD4<Float>: Lanes {
  @usableFromInline package typealias Bits = SIMD4<Int32>
  @usableFromInline package typealias Wide = SIMD4<Double>
  @inlinable @inline(__always) package static var width: Int { 4 }
  @inlinable @inline(__always) package static var tileRows: Int { 6 }
  @inlinable @inline(__always) package static var transposedRows: Int { 4 }
  @inlinable @inline(__always) package static func mulAdd(_ c: Self, _ a: Self, _ b: Self) -> Self {
    #if arch(arm64)
      c.addingProduct(a, b)
    #else
      c + a * b
    #endif
  }
  @inlinable @inline(__always) package static func smaller(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: b .< a)
  }
  @inlinable @inline(__always) package static func larger(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: b .> a)
  }
  @inlinable @inline(__always) package static func whereNegative(_ x: Self, _ y: Self) -> Self {
    x.replacing(with: y, where: x .< 0)
  }
  @inlinable @inline(__always) package static func selectWherePositive(_ x: Self, _ a: Self, _ b: Self) -> Self {
    b.replacing(with: a, where: x .> 0)
  }
  @inlinable @inline(__always) package var bits: Bits { unsafeBitCast(self, to: Bits.self) }
  @inlinable @inline(__always) package init(bits: Bits) { self = unsafeBitCast(bits, to: Self.self) }
  @inlinable @inline(__always) package static func powerOfTwo(_ i: Bits) -> Self { Self(bits: (i &+ 127) &<< 23) }
  @inlinable @inline(__always) package static func negatedWhereOdd(_ x: Self, _ i: Bits) -> Self {
    Self(bits: x.bits ^ (i &<< 31))
  }
  @inlinable @inline(__always) package static func widening(float16 p: UnsafeRawPointer) -> Self {
    liae_widen_float16_4(p)
  }
  @inlinable @inline(__always) package static func widening(bfloat16 p: UnsafeRawPointer) -> Self {
    liae_widen_bfloat16_4(p)
  }
  @inlinable @inline(__always) package static func squareRoot(_ x: Self) -> Self { liae_square_root_4(x) }
  @inlinable @inline(__always) package static func addingSquares(_ sum: Wide, _ x: Self) -> Wide {
    liae_add_squares_4(sum, x)
  }
  @inlinable @inline(__always)
  package static func transpose(_ s: FloatPointer, _ from: Int, _ d: MutableFloatPointer, _ to: Int) {
    liae_transpose_4(s, from, d, to)
  }
}

@usableFromInline package typealias FloatPointer = UnsafePointer<Float>
@usableFromInline package typealias MutableFloatPointer = UnsafeMutablePointer<Float>

@inlinable @inline(__always) package func load<V: Lanes>(_ p: FloatPointer) -> V {
  UnsafeRawPointer(p).loadUnaligned(as: V.self)
}
@inlinable @inline(__always) package func load<V: Lanes>(_ p: MutableFloatPointer) -> V {
  UnsafeRawPointer(p).loadUnaligned(as: V.self)
}
@inlinable @inline(__always) package func store<V: Lanes>(_ p: MutableFloatPointer, _ v: V) {
  UnsafeMutableRawPointer(p).storeBytes(of: v, as: V.self)
}
/// a + k * b
@inlinable @inline(__always) package func axpy<V: Lanes>(_ a: V, _ k: Float, _ b: V) -> V {
  V.mulAdd(a, b, V(repeating: k))
}
