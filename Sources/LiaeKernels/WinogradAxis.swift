// SPDX-License-Identifier: Apache-2.0

/// Takes the values of one transformed line.
@usableFromInline package protocol LineSink {
  associatedtype V: Lanes
  func put(_ i: Int, _ v: V)
}

@usableFromInline struct PlainSink<V: Lanes>: LineSink {
  @usableFromInline let p: MutableFloatPointer
  @usableFromInline let stride: Int
  @inlinable @inline(__always) init(_ p: MutableFloatPointer, _ stride: Int) { (self.p, self.stride) = (p, stride) }
  @inlinable @inline(__always) func put(_ i: Int, _ v: V) { store(p + i * stride, v) }
}

/// Returns the number of points of one axis: those of the largest tile.
@inlinable @inline(__always) package func winogradPoints(tileSize: Int) -> Int { tileSize + 2 }

/// One axis of Winograd's minimal filtering F(m, 3): input transform B and output transform A of a line.
///
/// The numbers stand in `WinogradTransform.swift`. The weight transform depends on a point alone, not on the tile: with the
/// points 0, 1, -1, 2, -2, 1/2, -1/2, infinity of a 6-tile, a 4-tile uses the subset 0, 1, -1, 2, -2, infinity of the same
/// packed weights, and the difference of scale goes into its input transform, exactly.
@usableFromInline package protocol WinogradAxis {
  /// Outputs of a tile.
  static var outputs: Int { get }
  /// Inputs of a tile, outputs + 2.
  static var inputs: Int { get }
  /// Index range of the points of the largest tile.
  static var points: Int { get }
  static func uses(_ point: Int) -> Bool
  static func input<V: Lanes>(
    _: V.Type, _ s: FloatPointer, _ stride: Int, _ d: MutableFloatPointer, _ outputStride: Int)
  static func output<S: LineSink>(_ s: FloatPointer, _ stride: Int, _ sink: S)
}

/// A 6-tile on the points 0, +-1, +-2, +-1/2, infinity.
@usableFromInline enum Axis6: WinogradAxis {
  @inlinable @inline(__always) static var outputs: Int { 6 }
  @inlinable @inline(__always) static var inputs: Int { 8 }
  @inlinable @inline(__always) static var points: Int { 8 }
  @inlinable @inline(__always) static func uses(_ point: Int) -> Bool { true }
  @inlinable @inline(__always)
  static func input<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let x0: V = load(s), x1: V = load(s + k), x2: V = load(s + 2 * k), x3: V = load(s + 3 * k)
    let x4: V = load(s + 4 * k), x5: V = load(s + 5 * k), x6: V = load(s + 6 * k), x7: V = load(s + 7 * k)
    store(d, axpy(x0 - x6, sum, x4 - x2))
    store(d + 7 * o, axpy(x7 - x1, sum, x3 - x5))
    // p = 1 and q²r² = 1; q = 2; r = 1/2.
    var t = axpy(x2 + x6, -(q2 + r2), x4), u = axpy(x1 + x5, -(q2 + r2), x3)
    store(d + o, t + u)
    store(d + 2 * o, t - u)
    t = axpy(axpy(x6, p2 * r2, x2), -(p2 + r2), x4)
    u = axpy(axpy(x5 + x5, -q * (p2 + r2), x3), q * p2 * r2, x1)
    store(d + 3 * o, t + u)
    store(d + 4 * o, t - u)
    t = axpy(axpy(x6, p2 * q2, x2), -(p2 + q2), x4)
    u = axpy(axpy(x1 + x1, -r * (p2 + q2), x3), r, x5)
    store(d + 5 * o, t + u)
    store(d + 6 * o, t - u)
  }
  @inlinable @inline(__always) static func output<S: LineSink>(_ s: FloatPointer, _ k: Int, _ e: S) {
    let m0: S.V = load(s), m1: S.V = load(s + k), m2: S.V = load(s + 2 * k), m3: S.V = load(s + 3 * k)
    let m4: S.V = load(s + 4 * k), m5: S.V = load(s + 5 * k), m6: S.V = load(s + 6 * k), m7: S.V = load(s + 7 * k)
    let a = m1 + m2, b = m1 - m2, c = m3 + m4, d = m3 - m4, f = m5 + m6, g = m5 - m6
    let s = scaleR
    e.put(0, axpy(m0 + a + c, s, f))
    e.put(1, axpy(axpy(b, q, d), s * r, g))
    e.put(2, axpy(axpy(a, q2, c), s * r2, f))
    e.put(3, axpy(axpy(b, q2 * q, d), s * r2 * r, g))
    e.put(4, axpy(axpy(a, q2 * q2, c), s * r2 * r2, f))
    e.put(5, axpy(b + g + m7, q2 * q2 * q, d))  // s r⁵ = 1
  }
}

/// A 4-tile on the packed weights of the 6-tile's points; points 5 and 6 are left out.
@usableFromInline enum Axis4Of6: WinogradAxis {
  @inlinable @inline(__always) static var outputs: Int { 4 }
  @inlinable @inline(__always) static var inputs: Int { 6 }
  @inlinable @inline(__always) static var points: Int { 8 }
  @inlinable @inline(__always) static func uses(_ point: Int) -> Bool { point < 5 || point == 7 }
  @inlinable @inline(__always)
  static func input<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let x0: V = load(s), x1: V = load(s + k), x2: V = load(s + 2 * k)
    let x3: V = load(s + 3 * k), x4: V = load(s + 4 * k), x5: V = load(s + 5 * k)
    store(d, axpy(axpy(x0, -sum / product, x2), 1 / product, x4))
    store(d + 7 * o, axpy(axpy(x5, -sum, x3), product, x1))
    // p = 1.
    var t = axpy(x4, -q2, x2) * V(repeating: scaleP), u = axpy(x3, -q2, x1) * V(repeating: scaleP)
    store(d + o, t + u)
    store(d + 2 * o, t - u)
    t = (x4 - x2) * V(repeating: scaleQ)
    u = (x3 - x1) * V(repeating: q * scaleQ)
    store(d + 3 * o, t + u)
    store(d + 4 * o, t - u)
  }
  @inlinable @inline(__always) static func output<S: LineSink>(_ s: FloatPointer, _ k: Int, _ e: S) {
    let m0: S.V = load(s), m1: S.V = load(s + k), m2: S.V = load(s + 2 * k)
    let m3: S.V = load(s + 3 * k), m4: S.V = load(s + 4 * k), m7: S.V = load(s + 7 * k)
    let a = m1 + m2, b = m1 - m2, c = m3 + m4, d = m3 - m4
    e.put(0, m0 + a + c)
    e.put(1, axpy(b, q, d))
    e.put(2, axpy(a, q2, c))
    e.put(3, axpy(b + m7, q2 * q, d))
  }
}

/// A 4-tile on the points 0, +-3/4, +-3/2, infinity.
@usableFromInline enum Axis4: WinogradAxis {
  @inlinable @inline(__always) static var outputs: Int { 4 }
  @inlinable @inline(__always) static var inputs: Int { 6 }
  @inlinable @inline(__always) static var points: Int { 6 }
  @inlinable @inline(__always) static func uses(_ point: Int) -> Bool { true }
  @inlinable @inline(__always)
  static func input<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let x0: V = load(s), x1: V = load(s + k), x2: V = load(s + 2 * k)
    let x3: V = load(s + 3 * k), x4: V = load(s + 4 * k), x5: V = load(s + 5 * k)
    store(d, axpy(axpy(x4, -sum, x2), product, x0))
    store(d + 5 * o, axpy(axpy(x5, -sum, x3), product, x1))
    var t = axpy(x4, -q2, x2), u = axpy(x3, -q2, x1)
    store(d + o, axpy(t, p, u))
    store(d + 2 * o, axpy(t, -p, u))
    t = axpy(x4, -p2, x2)
    u = axpy(x3, -p2, x1)
    store(d + 3 * o, axpy(t, q, u))
    store(d + 4 * o, axpy(t, -q, u))
  }
  @inlinable @inline(__always) static func output<S: LineSink>(_ s: FloatPointer, _ k: Int, _ e: S) {
    let m0: S.V = load(s), m1: S.V = load(s + k), m2: S.V = load(s + 2 * k)
    let m3: S.V = load(s + 3 * k), m4: S.V = load(s + 4 * k), m5: S.V = load(s + 5 * k)
    let a = m1 + m2, b = m1 - m2, c = m3 + m4, d = m3 - m4
    let ratio = q / p  // 2
    e.put(0, m0 + a + c)
    e.put(1, axpy(b, ratio, d) * S.V(repeating: p))
    e.put(2, axpy(a, ratio * ratio, c) * S.V(repeating: p2))
    e.put(3, axpy(m5, p3, axpy(b, ratio * ratio * ratio, d)))
  }
}

/// A 2-tile on the points 0, 1, -1, infinity.
@usableFromInline enum Axis2: WinogradAxis {
  @inlinable @inline(__always) static var outputs: Int { 2 }
  @inlinable @inline(__always) static var inputs: Int { 4 }
  @inlinable @inline(__always) static var points: Int { 4 }
  @inlinable @inline(__always) static func uses(_ point: Int) -> Bool { true }
  @inlinable @inline(__always)
  static func input<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let x0: V = load(s), x1: V = load(s + k), x2: V = load(s + 2 * k), x3: V = load(s + 3 * k)
    store(d, x0 - x2)
    store(d + o, x1 + x2)
    store(d + 2 * o, x2 - x1)
    store(d + 3 * o, x3 - x1)
  }
  @inlinable @inline(__always) static func output<S: LineSink>(_ s: FloatPointer, _ k: Int, _ e: S) {
    let m0: S.V = load(s), m1: S.V = load(s + k), m2: S.V = load(s + 2 * k), m3: S.V = load(s + 3 * k)
    e.put(0, m0 + m1 + m2)
    e.put(1, m1 - m2 + m3)
  }
}
