// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A place or direction in a head's space (millimetres; x to the right of the picture, y down, z away from the camera), or
/// a colour (linear red, green, blue).
package typealias Vector = SIMD3<Float>

@inline(__always) func dot(_ a: Vector, _ b: Vector) -> Float { a.x * b.x + a.y * b.y + a.z * b.z }

@inline(__always) func cross(_ a: Vector, _ b: Vector) -> Vector {
  Vector(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}

/// Zero stays zero.
@inline(__always) func normalized(_ v: Vector) -> Vector {
  let square = dot(v, v)
  return square > 1e-20 ? v * (1 / square.squareRoot()) : v
}

@inline(__always) func mix(_ a: Float, _ b: Float, _ share: Float) -> Float { a + (b - a) * share }
@inline(__always) func mix(_ a: Vector, _ b: Vector, _ share: Float) -> Vector { a + (b - a) * share }

@inline(__always) func clamp(_ x: Float, _ low: Float, _ high: Float) -> Float { x < low ? low : x > high ? high : x }

/// Hermite step from 0 at `low` to 1 at `high`; falls where `high` is the smaller.
@inline(__always) func smoothStep(_ low: Float, _ high: Float, _ x: Float) -> Float {
  let t = clamp((x - low) / (high - low), 0, 1)
  return t * t * (3 - 2 * t)
}

/// 1 at the middle, 1/e at a distance of `width`.
@inline(__always) func bump(_ distance: Float, _ width: Float) -> Float {
  let q = distance / width
  return q * q < 16 ? Math.exp(-q * q) : 0
}

@inline(__always) func bump(_ x: Float, _ y: Float, _ width: Float, _ height: Float) -> Float {
  let (p, q) = (x / width, y / height)
  let sum = p * p + q * q
  return sum < 16 ? Math.exp(-sum) : 0
}

/// The smaller of two, rounded off over `radius` where they are near each other.
@inline(__always) func smoothMinimum(_ a: Float, _ b: Float, _ radius: Float) -> Float {
  let h = max(radius - abs(a - b), 0) / radius
  return min(a, b) - h * h * radius / 4
}

/// A turn: the rows of a matrix.
struct Rotation {
  var x, y, z: Vector

  /// First about x by `pitch`, then about y by `yaw`, then in the picture's plane by `roll`, the order of DeepFaceLab's
  /// poses; radians. Positive yaw turns the nose to the right of the picture, positive pitch up, positive roll the head
  /// clockwise.
  init(yaw: Float, pitch: Float, roll: Float) {
    let (cy, sy, cp, sp, cr, sr) = (
      Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch), Math.cos(roll), Math.sin(roll)
    )
    func apply(_ v: Vector) -> Vector {
      let p = Vector(v.x, v.y * cp + v.z * sp, v.z * cp - v.y * sp)
      let q = Vector(p.x * cy - p.z * sy, p.y, p.z * cy + p.x * sy)
      return Vector(q.x * cr - q.y * sr, q.x * sr + q.y * cr, q.z)
    }
    let (a, b, c) = (apply(Vector(1, 0, 0)), apply(Vector(0, 1, 0)), apply(Vector(0, 0, 1)))
    (x, y, z) = (Vector(a.x, b.x, c.x), Vector(a.y, b.y, c.y), Vector(a.z, b.z, c.z))
  }

  @inline(__always) func callAsFunction(_ v: Vector) -> Vector { Vector(dot(x, v), dot(y, v), dot(z, v)) }
}
