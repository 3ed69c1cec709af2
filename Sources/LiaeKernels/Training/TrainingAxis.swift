// SPDX-License-Identifier: Apache-2.0

/// The operations that training needs of one axis of F(m, 3) beside B, A and G: the transposes of A and G, which carry
/// derivatives backwards. The numbers stand in `WinogradTransform.swift`.
@usableFromInline package protocol TrainingAxis: WinogradAxis {
  /// G transposed: the points to three taps.
  static func tapsBack<V: Lanes>(
    _: V.Type, _ s: FloatPointer, _ stride: Int, _ d: MutableFloatPointer, _ outputStride: Int)
  /// A transposed: the tile's outputs to the points.
  static func outputBack<V: Lanes>(
    _: V.Type, _ s: FloatPointer, _ stride: Int, _ d: MutableFloatPointer, _ outputStride: Int)
}

/// Points 0, +-3/4, +-3/2, infinity.
extension Axis4: TrainingAxis {
  /// First elements of the rows of G.
  @inlinable @inline(__always) static var g0: Float { 1 / divisor0 }
  @inlinable @inline(__always) static var gP: Float { 1 / divisorP }
  @inlinable @inline(__always) static var gQ: Float { 1 / divisorQ }

  @inlinable @inline(__always)
  package static func tapsBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let u0: V = load(s), u1: V = load(s + k), u2: V = load(s + 2 * k)
    let u3: V = load(s + 3 * k), u4: V = load(s + 4 * k), u5: V = load(s + 5 * k)
    let e = (u1 + u2) * V(repeating: gP), f = (u3 + u4) * V(repeating: gQ)
    store(d, axpy(e + f, g0, u0))
    store(d + o, axpy((u1 - u2) * V(repeating: p * gP), q * gQ, u3 - u4))
    store(d + 2 * o, axpy(axpy(u5, p2, e), q2, f))
  }
  @inlinable @inline(__always)
  package static func outputBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let y0: V = load(s), y1: V = load(s + k), y2: V = load(s + 2 * k), y3: V = load(s + 3 * k)
    store(d, y0)
    var e = axpy(y0, p2, y2), f = axpy(y1 * V(repeating: p), p3, y3)
    store(d + o, e + f)
    store(d + 2 * o, e - f)
    e = axpy(y0, q2, y2)
    f = axpy(y1 * V(repeating: q), q3, y3)
    store(d + 3 * o, e + f)
    store(d + 4 * o, e - f)
    store(d + 5 * o, y3)
  }
}

/// Points 0, 1, -1, infinity.
extension Axis2: TrainingAxis {
  @inlinable @inline(__always)
  package static func tapsBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let u0: V = load(s), u1: V = load(s + k), u2: V = load(s + 2 * k), u3: V = load(s + 3 * k)
    let half = V(repeating: 1 / divisorP), e = (u1 + u2) * half
    store(d, u0 + e)
    store(d + o, (u1 - u2) * half)
    store(d + 2 * o, u3 + e)
  }
  @inlinable @inline(__always)
  package static func outputBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let y0: V = load(s), y1: V = load(s + k)
    store(d, y0)
    store(d + o, y0 + y1)
    store(d + 2 * o, y0 - y1)
    store(d + 3 * o, y1)
  }
}
