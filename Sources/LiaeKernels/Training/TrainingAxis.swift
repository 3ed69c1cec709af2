// SPDX-License-Identifier: Apache-2.0

/// What training needs of one axis of F(m, 3) beside B and A: the weight transform G, and the transposes of all three,
/// which carry derivatives backwards. The numbers stand in `WinogradTransform.swift`.
@usableFromInline package protocol TrainingAxis: WinogradAxis {
  /// G: three taps, `step` floats apart, to the points.
  static func taps<V: Lanes>(_: V.Type, _ s: FloatPointer, _ step: Int, _ d: MutableFloatPointer, _ outStep: Int)
  /// G transposed.
  static func tapsBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ step: Int, _ d: MutableFloatPointer, _ outStep: Int)
  /// B transposed: points to the window.
  static func inputBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ step: Int, _ d: MutableFloatPointer, _ outStep: Int)
  /// A transposed: the tile's outputs to the points.
  static func outputBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ step: Int, _ d: MutableFloatPointer, _ outStep: Int)
}

/// Points 0, +-3/4, +-3/2, infinity.
extension Axis4: TrainingAxis {
  /// First elements of the rows of G.
  @inlinable @inline(__always) static var g0: Float { 1 / divisor0 }
  @inlinable @inline(__always) static var gP: Float { 1 / divisorP }
  @inlinable @inline(__always) static var gQ: Float { 1 / divisorQ }

  @inlinable @inline(__always)
  package static func taps<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let w0: V = load(s), w1: V = load(s + k), w2: V = load(s + 2 * k)
    store(d, w0 * V(repeating: g0))
    var t = axpy(w0, p2, w2) * V(repeating: gP), u = w1 * V(repeating: p * gP)
    store(d + o, t + u)
    store(d + 2 * o, t - u)
    t = axpy(w0, q2, w2) * V(repeating: gQ)
    u = w1 * V(repeating: q * gQ)
    store(d + 3 * o, t + u)
    store(d + 4 * o, t - u)
    store(d + 5 * o, w2)
  }
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
  package static func inputBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let v0: V = load(s), v1: V = load(s + k), v2: V = load(s + 2 * k)
    let v3: V = load(s + 3 * k), v4: V = load(s + 4 * k), v5: V = load(s + 5 * k)
    let a = v1 + v2, b = (v1 - v2) * V(repeating: p), c = v3 + v4, e = (v3 - v4) * V(repeating: q)
    store(d, v0 * V(repeating: product))
    store(d + o, axpy(axpy(v5 * V(repeating: product), -q2, b), -p2, e))
    store(d + 2 * o, axpy(axpy(v0 * V(repeating: -sum), -q2, a), -p2, c))
    store(d + 3 * o, axpy(b + e, -sum, v5))
    store(d + 4 * o, v0 + a + c)
    store(d + 5 * o, v5)
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
  package static func taps<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let g0: V = load(s), g1: V = load(s + k), g2: V = load(s + 2 * k)
    let half = V(repeating: 1 / divisorP), t = (g0 + g2) * half, u = g1 * half
    store(d, g0)
    store(d + o, t + u)
    store(d + 2 * o, t - u)
    store(d + 3 * o, g2)
  }
  @inlinable @inline(__always)
  package static func tapsBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let u0: V = load(s), u1: V = load(s + k), u2: V = load(s + 2 * k), u3: V = load(s + 3 * k)
    let half = V(repeating: 1 / divisorP), e = (u1 + u2) * half
    store(d, u0 + e)
    store(d + o, (u1 - u2) * half)
    store(d + 2 * o, u3 + e)
  }
  @inlinable @inline(__always)
  package static func inputBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let v0: V = load(s), v1: V = load(s + k), v2: V = load(s + 2 * k), v3: V = load(s + 3 * k)
    store(d, v0)
    store(d + o, v1 - v2 - v3)
    store(d + 2 * o, v1 + v2 - v0)
    store(d + 3 * o, v3)
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
