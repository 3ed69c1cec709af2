// SPDX-License-Identifier: Apache-2.0
import Glibc

typealias Color = SIMD3<Float>
typealias Point = SIMD2<Float>

extension Point {
  var length: Float { (self * self).sum().squareRoot() }

  func rotated(_ angle: Float) -> Point {
    let (c, s) = (cos(angle), sin(angle))
    return Point(c * x - s * y, s * x + c * y)
  }
}

func mix(_ a: Color, _ b: Color, _ share: Float) -> Color { a + (b - a) * min(max(share, 0), 1) }

/// Hermite step from 0 at `low` to 1 at `high`.
func smoothStep(_ low: Float, _ high: Float, _ x: Float) -> Float {
  let t = min(max((x - low) / (high - low), 0), 1)
  return t * t * (3 - 2 * t)
}

/// 1 in the middle, falling off as a Gaussian with deviations `radii`.
func glow(_ p: Point, _ center: Point, _ radii: Point) -> Float {
  let q = (p - center) / radii
  return exp(-0.5 * (q * q).sum())
}

/// How much of a pixel a shape covers, from the signed distance (negative inside) of its middle.
struct Coverage {
  /// Side of a pixel.
  var pixel: Float

  func callAsFunction(_ distance: Float, soft: Float = 0) -> Float {
    let width = pixel + soft
    return min(max(0.5 - distance / width, 0), 1)
  }

  /// Distance to an ellipse, exact to first order near its edge.
  func ellipse(_ p: Point, _ center: Point, _ radii: Point, angle: Float = 0) -> Float {
    let q = (p - center).rotated(-angle)
    let scaled = q / radii
    let value = scaled.length
    let gradient = (scaled / radii).length
    return gradient > 1e-6 ? value * (value - 1) / gradient : -min(radii.x, radii.y)
  }

  /// Distance to the stroke of a parabola through `center` whose ends stand `bend` lower, thinner at the ends.
  func arc(_ p: Point, _ center: Point, halfWidth: Float, bend: Float, thickness: Float, angle: Float = 0) -> Float {
    let q = (p - center).rotated(-angle)
    let t = q.x / halfWidth
    guard abs(t) < 1 else { return Point(abs(q.x) - halfWidth, q.y - bend).length }
    let slope = 2 * bend * t / halfWidth
    let vertical = abs(q.y - bend * t * t) / (1 + slope * slope).squareRoot()
    return vertical - thickness * (1 - 0.75 * t * t)
  }
}

/// The color of a pixel while layers are laid over each other.
struct Paint {
  var color: Color
  mutating func over(_ new: Color, _ share: Float) { color = mix(color, new, share) }
  mutating func shade(_ factor: Float) { color *= factor }
}
