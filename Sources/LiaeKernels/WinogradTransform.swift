// SPDX-License-Identifier: Apache-2.0

// The exact numbers of Winograd's F(m, 3): m outputs of three taps from m + 2 products, by Toom and Cook's interpolation at
// the points 0, pairs ±a, and infinity. Everything below follows from the pairs; packing, kernels and training take their
// constants from here.
//
//   M(x) = x times the product of (x² - a²) over the pairs.
//   A, products to outputs:  row j has s·a^j in the column of a; infinity stands in the last row alone.
//   G, taps to products:     row a is (1, a, a²) / d(a), d(a) = s·M'(a); (0, 0, 1) at infinity.
//   B, inputs to products:   row a has the coefficients of M(x) / (x - a), at infinity those of M(x).
//
// s is a scale of the point that is chosen so that A and B stay whole; 1 unless said otherwise. Where M'(0) is -1, the sign
// of row 0 is in B. Sizes are small dyadic fractions: all of this is exact in float32, but for the quotients of G.
//
// Source: Lavin, Gray: Fast algorithms for convolutional neural networks, CVPR 2016.

/// The pair ±1.
extension Axis2 {
  @inlinable @inline(__always) static var p: Float { 1 }
  @inlinable @inline(__always) static var divisorP: Float { 2 * p * p }
}

/// The pairs ±3/4 and ±3/2: half the rounding error of ±1 and ±2.
extension Axis4 {
  @inlinable @inline(__always) static var p: Float { 0.75 }
  @inlinable @inline(__always) static var q: Float { 1.5 }
  @inlinable @inline(__always) static var p2: Float { p * p }
  @inlinable @inline(__always) static var q2: Float { q * q }
  @inlinable @inline(__always) static var p3: Float { p2 * p }
  @inlinable @inline(__always) static var q3: Float { q2 * q }
  /// M(x) = x⁵ - sum·x³ + product·x.
  @inlinable @inline(__always) static var sum: Float { p2 + q2 }
  @inlinable @inline(__always) static var product: Float { p2 * q2 }
  @inlinable @inline(__always) static var divisor0: Float { product }
  @inlinable @inline(__always) static var divisorP: Float { 2 * p2 * (p2 - q2) }
  @inlinable @inline(__always) static var divisorQ: Float { 2 * q2 * (q2 - p2) }
}

/// The pairs ±1, ±2 and ±1/2, of which the last has the scale 32. As p·q·r = 1, M(x) = x⁷ - sum·x⁵ + sum·x³ - x.
extension Axis6 {
  @inlinable @inline(__always) static var p: Float { 1 }
  @inlinable @inline(__always) static var q: Float { 2 }
  @inlinable @inline(__always) static var r: Float { 0.5 }
  @inlinable @inline(__always) static var p2: Float { p * p }
  @inlinable @inline(__always) static var q2: Float { q * q }
  @inlinable @inline(__always) static var r2: Float { r * r }
  @inlinable @inline(__always) static var sum: Float { p2 + q2 + r2 }
  @inlinable @inline(__always) static var scaleR: Float { 32 }
  @inlinable @inline(__always) static var divisorP: Float { 2 * p2 * (p2 - q2) * (p2 - r2) }
  @inlinable @inline(__always) static var divisorQ: Float { 2 * q2 * (q2 - p2) * (q2 - r2) }
  @inlinable @inline(__always) static var divisorR: Float { scaleR * 2 * r2 * (r2 - p2) * (r2 - q2) }
}

/// The pairs ±1 and ±2 of `Axis6`, whose G it shares: what its own M' differs from the 6-tile's divisors by goes into B.
extension Axis4Of6 {
  @inlinable @inline(__always) static var p2: Float { Axis6.p2 }
  @inlinable @inline(__always) static var q: Float { Axis6.q }
  @inlinable @inline(__always) static var q2: Float { Axis6.q2 }
  @inlinable @inline(__always) static var sum: Float { p2 + q2 }
  @inlinable @inline(__always) static var product: Float { p2 * q2 }
  @inlinable @inline(__always) static var scaleP: Float { Axis6.divisorP / (2 * p2 * (p2 - q2)) }
  @inlinable @inline(__always) static var scaleQ: Float { Axis6.divisorQ / (2 * q2 * (q2 - p2)) }
}

/// The weight transform G of F(m, 3): that of its largest tile.
package enum WinogradTransform {
  /// d(0), and the pairs with their divisors in the order of the points 0, p, -p, q, -q, ..., infinity.
  private static func divisors(tileSize: Int) -> (zero: Float, pairs: [(point: Float, divisor: Float)]) {
    switch tileSize {
    case 2: return (1, [(Axis2.p, Axis2.divisorP)])
    case 4: return (Axis4.divisor0, [(Axis4.p, Axis4.divisorP), (Axis4.q, Axis4.divisorQ)])
    default: return (1, [(Axis6.p, Axis6.divisorP), (Axis6.q, Axis6.divisorQ), (Axis6.r, Axis6.divisorR)])
    }
  }

  /// G, points x 3.
  package static func weights(tileSize: Int) -> [Double] {
    let (zero, pairs) = divisors(tileSize: tileSize)
    var g = [1 / Double(zero), 0, 0]
    for (point, divisor) in pairs {
      let (a, d) = (Double(point), Double(divisor))
      g += [1 / d, a / d, a * a / d, 1 / d, -a / d, a * a / d]
    }
    return g + [0, 0, 1]
  }

  /// G as `TapParameters.factors` has it: rows of a pair differ in the sign of the middle.
  package static func factors(tileSize: Int) -> [Float] {
    let g = weights(tileSize: tileSize)
    var factors = [Float(g[0])]
    for row in stride(from: 3, to: g.count - 3, by: 6) { factors += g[row..<row + 3].map { Float($0) } }
    return factors
  }
}
