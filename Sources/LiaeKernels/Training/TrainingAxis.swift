// SPDX-License-Identifier: Apache-2.0

/// What training needs of one axis of F(m, 3) beside B and A: the weight transform G, and the transposes of all three,
/// which carry derivatives backwards.
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
  /// 1 / M'(a) of M(x) = x (x^2 - 9/16) (x^2 - 9/4) at 0, 3/4, 3/2.
  @inlinable @inline(__always) static var zero: Float { 1 / 1.265625 }
  @inlinable @inline(__always) static var near: Float { -1 / 1.8984375 }
  @inlinable @inline(__always) static var far: Float { 1 / 7.59375 }

  @inlinable @inline(__always)
  package static func taps<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let g0: V = load(s), g1: V = load(s + k), g2: V = load(s + 2 * k)
    store(d, g0 * V(repeating: zero))
    var t = axpy(g0, 0.5625, g2) * V(repeating: near), u = g1 * V(repeating: 0.75 * near)
    store(d + o, t + u)
    store(d + 2 * o, t - u)
    t = axpy(g0, 2.25, g2) * V(repeating: far)
    u = g1 * V(repeating: 1.5 * far)
    store(d + 3 * o, t + u)
    store(d + 4 * o, t - u)
    store(d + 5 * o, g2)
  }
  @inlinable @inline(__always)
  package static func tapsBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let u0: V = load(s), u1: V = load(s + k), u2: V = load(s + 2 * k)
    let u3: V = load(s + 3 * k), u4: V = load(s + 4 * k), u5: V = load(s + 5 * k)
    let e = (u1 + u2) * V(repeating: near), f = (u3 + u4) * V(repeating: far)
    store(d, axpy(e + f, zero, u0))
    store(d + o, axpy((u1 - u2) * V(repeating: 0.75 * near), 1.5 * far, u3 - u4))
    store(d + 2 * o, axpy(axpy(u5, 0.5625, e), 2.25, f))
  }
  @inlinable @inline(__always)
  package static func inputBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let v0: V = load(s), v1: V = load(s + k), v2: V = load(s + 2 * k)
    let v3: V = load(s + 3 * k), v4: V = load(s + 4 * k), v5: V = load(s + 5 * k)
    let a = v1 + v2, b = (v1 - v2) * V(repeating: 0.75), c = v3 + v4, e = (v3 - v4) * V(repeating: 1.5)
    store(d, v0 * V(repeating: 1.265625))
    store(d + o, axpy(axpy(v5 * V(repeating: 1.265625), -2.25, b), -0.5625, e))
    store(d + 2 * o, axpy(axpy(v0 * V(repeating: -2.8125), -2.25, a), -0.5625, c))
    store(d + 3 * o, axpy(b + e, -2.8125, v5))
    store(d + 4 * o, v0 + a + c)
    store(d + 5 * o, v5)
  }
  @inlinable @inline(__always)
  package static func outputBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let y0: V = load(s), y1: V = load(s + k), y2: V = load(s + 2 * k), y3: V = load(s + 3 * k)
    store(d, y0)
    var e = axpy(y0, 0.5625, y2), f = axpy(y1 * V(repeating: 0.75), 0.421875, y3)
    store(d + o, e + f)
    store(d + 2 * o, e - f)
    e = axpy(y0, 2.25, y2)
    f = axpy(y1 * V(repeating: 1.5), 3.375, y3)
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
    let half = V(repeating: 0.5), t = (g0 + g2) * half, u = g1 * half
    store(d, g0)
    store(d + o, t + u)
    store(d + 2 * o, t - u)
    store(d + 3 * o, g2)
  }
  @inlinable @inline(__always)
  package static func tapsBack<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let u0: V = load(s), u1: V = load(s + k), u2: V = load(s + 2 * k), u3: V = load(s + 3 * k)
    let half = V(repeating: 0.5), e = (u1 + u2) * half
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
