// SPDX-License-Identifier: Apache-2.0

/// Takes the values of one transformed line.
@usableFromInline package protocol LineSink {
  associatedtype V: Lanes
  func put(_ i: Int, _ v: V)
}

@usableFromInline struct PlainSink<V: Lanes>: LineSink {
  @usableFromInline let p: MutableFloatPointer
  @usableFromInline let step: Int
  @inlinable @inline(__always) init(_ p: MutableFloatPointer, _ step: Int) { (self.p, self.step) = (p, step) }
  @inlinable @inline(__always) func put(_ i: Int, _ v: V) { store(p + i * step, v) }
}

/// Points of one axis of a family: those of its largest tile.
@inlinable @inline(__always) package func winogradPoints(family: Int) -> Int { family + 2 }

/// One axis of Winograd's minimal filtering F(m, 3): input transform B and output transform A of a line.
///
/// Source: Lavin, Gray: Fast algorithms for convolutional neural networks, CVPR 2016 (Toom-Cook points). The weight
/// transform depends on a point alone, not on the tile: with the points 0, 1, -1, 2, -2, 1/2, -1/2, infinity of a 6-tile,
/// a 4-tile uses the subset 0, 1, -1, 2, -2, infinity of the same packed weights, and the difference of scale goes into
/// its input transform, exactly.
@usableFromInline package protocol WinogradAxis {
  /// Outputs of a tile.
  static var outputs: Int { get }
  /// Inputs of a tile, outputs + 2.
  static var inputs: Int { get }
  /// Index range of the family's points.
  static var points: Int { get }
  static func uses(_ point: Int) -> Bool
  static func input<V: Lanes>(_: V.Type, _ s: FloatPointer, _ step: Int, _ d: MutableFloatPointer, _ outStep: Int)
  static func output<S: LineSink>(_ s: FloatPointer, _ step: Int, _ sink: S)
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
    store(d, axpy(x0 - x6, 5.25, x4 - x2))
    store(d + 7 * o, axpy(x7 - x1, 5.25, x3 - x5))
    var t = axpy(x2 + x6, -4.25, x4), u = axpy(x1 + x5, -4.25, x3)
    store(d + o, t + u)
    store(d + 2 * o, t - u)
    t = axpy(axpy(x6, 0.25, x2), -1.25, x4)
    u = axpy(axpy(x5 + x5, -2.5, x3), 0.5, x1)
    store(d + 3 * o, t + u)
    store(d + 4 * o, t - u)
    t = axpy(axpy(x6, 4, x2), -5, x4)
    u = axpy(axpy(x1 + x1, -2.5, x3), 0.5, x5)
    store(d + 5 * o, t + u)
    store(d + 6 * o, t - u)
  }
  @inlinable @inline(__always) static func output<S: LineSink>(_ s: FloatPointer, _ k: Int, _ e: S) {
    let m0: S.V = load(s), m1: S.V = load(s + k), m2: S.V = load(s + 2 * k), m3: S.V = load(s + 3 * k)
    let m4: S.V = load(s + 4 * k), m5: S.V = load(s + 5 * k), m6: S.V = load(s + 6 * k), m7: S.V = load(s + 7 * k)
    let a = m1 + m2, b = m1 - m2, c = m3 + m4, d = m3 - m4, f = m5 + m6, g = m5 - m6
    e.put(0, axpy(m0 + a + c, 32, f))
    e.put(1, axpy(axpy(b, 2, d), 16, g))
    e.put(2, axpy(axpy(a, 4, c), 8, f))
    e.put(3, axpy(axpy(b, 8, d), 4, g))
    e.put(4, axpy(axpy(a, 16, c), 2, f))
    e.put(5, axpy(b + g + m7, 32, d))
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
    store(d, axpy(axpy(x0, -1.25, x2), 0.25, x4))
    store(d + 7 * o, axpy(axpy(x5, -5, x3), 4, x1))
    let p = V(repeating: 0.75), q = V(repeating: 3.75)
    var t = axpy(x4, -4, x2) * p, u = axpy(x3, -4, x1) * p
    store(d + o, t + u)
    store(d + 2 * o, t - u)
    t = (x4 - x2) * q
    u = (x3 - x1) * (q + q)
    store(d + 3 * o, t + u)
    store(d + 4 * o, t - u)
  }
  @inlinable @inline(__always) static func output<S: LineSink>(_ s: FloatPointer, _ k: Int, _ e: S) {
    let m0: S.V = load(s), m1: S.V = load(s + k), m2: S.V = load(s + 2 * k)
    let m3: S.V = load(s + 3 * k), m4: S.V = load(s + 4 * k), m7: S.V = load(s + 7 * k)
    let a = m1 + m2, b = m1 - m2, c = m3 + m4, d = m3 - m4
    e.put(0, m0 + a + c)
    e.put(1, axpy(b, 2, d))
    e.put(2, axpy(a, 4, c))
    e.put(3, axpy(b + m7, 8, d))
  }
}

/// A 4-tile on the points 0, +-3/4, +-3/2, infinity: half the rounding error of 0, +-1, +-2, infinity.
@usableFromInline enum Axis4: WinogradAxis {
  @inlinable @inline(__always) static var outputs: Int { 4 }
  @inlinable @inline(__always) static var inputs: Int { 6 }
  @inlinable @inline(__always) static var points: Int { 6 }
  @inlinable @inline(__always) static func uses(_ point: Int) -> Bool { true }
  @inlinable @inline(__always)
  static func input<V: Lanes>(_: V.Type, _ s: FloatPointer, _ k: Int, _ d: MutableFloatPointer, _ o: Int) {
    let x0: V = load(s), x1: V = load(s + k), x2: V = load(s + 2 * k)
    let x3: V = load(s + 3 * k), x4: V = load(s + 4 * k), x5: V = load(s + 5 * k)
    store(d, axpy(axpy(x4, -2.8125, x2), 1.265625, x0))
    store(d + 5 * o, axpy(axpy(x5, -2.8125, x3), 1.265625, x1))
    var t = axpy(x4, -2.25, x2), u = axpy(x3, -2.25, x1)
    store(d + o, axpy(t, 0.75, u))
    store(d + 2 * o, axpy(t, -0.75, u))
    t = axpy(x4, -0.5625, x2)
    u = axpy(x3, -0.5625, x1)
    store(d + 3 * o, axpy(t, 1.5, u))
    store(d + 4 * o, axpy(t, -1.5, u))
  }
  @inlinable @inline(__always) static func output<S: LineSink>(_ s: FloatPointer, _ k: Int, _ e: S) {
    let m0: S.V = load(s), m1: S.V = load(s + k), m2: S.V = load(s + 2 * k)
    let m3: S.V = load(s + 3 * k), m4: S.V = load(s + 4 * k), m5: S.V = load(s + 5 * k)
    let a = m1 + m2, b = m1 - m2, c = m3 + m4, d = m3 - m4
    let q = S.V(repeating: 0.75)
    e.put(0, m0 + a + c)
    e.put(1, axpy(b, 2, d) * q)
    e.put(2, axpy(a, 4, c) * (q * q))
    e.put(3, axpy(m5, 0.421875, axpy(b, 8, d)))
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
