// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A head without features: rings from the crown to below the chin, smoothly joined.
///
/// The numbers follow the average head whose 68 landmarks DeepFaceLab fits for poses, so that crops frame these faces as
/// they frame real ones.
struct HeadProfile {
  /// A ring seen from above. In front its outline is x = width·sin(1 - taper·cos²), z = middle - (middle - front)·cos.
  struct Ring {
    var y: Float
    var front: Float
    var width: Float
    var taper: Float
    var middle: Float
    var back: Float
    /// The height by which its sides stand above its front: the jaw's edge rises towards the ears.
    var lift: Float
  }

  /// Rings of the average head and the number of rows from one to the next.
  static let average: [(ring: Ring, rows: Int)] = [
    (Ring(y: -150, front: 79, width: 3, taper: 0, middle: 82, back: 85, lift: 0), 3),
    (Ring(y: -147, front: 46, width: 33, taper: 0, middle: 82, back: 122, lift: 0), 4),
    (Ring(y: -138, front: 22, width: 52, taper: -0.05, middle: 84, back: 146, lift: 0), 4),
    (Ring(y: -122, front: 5, width: 66, taper: -0.1, middle: 86, back: 164, lift: 0), 5),
    (Ring(y: -102, front: -5.5, width: 73, taper: -0.18, middle: 88, back: 174, lift: 0), 6),
    (Ring(y: -82, front: -10, width: 76, taper: -0.25, middle: 89, back: 179, lift: 0), 8),
    (Ring(y: -62, front: -12, width: 76.5, taper: -0.3, middle: 89, back: 181, lift: 0), 13),
    (Ring(y: -40, front: -8, width: 75.5, taper: -0.28, middle: 88, back: 179, lift: 0), 13),
    (Ring(y: -20, front: -9, width: 75, taper: -0.2, middle: 86, back: 174, lift: 0), 14),
    (Ring(y: 0, front: -13, width: 73.5, taper: -0.08, middle: 82, back: 164, lift: 0), 8),
    (Ring(y: 11, front: -16, width: 72.5, taper: -0.03, middle: 79, back: 156, lift: 0), 12),
    (Ring(y: 28, front: -16, width: 70.5, taper: 0.06, middle: 75, back: 144, lift: 1), 12),
    (Ring(y: 45, front: -12, width: 68.5, taper: 0.2, middle: 71, back: 132, lift: 8), 11),
    (Ring(y: 61, front: -11, width: 66.5, taper: 0.40, middle: 67, back: 124, lift: 18), 9),
    (Ring(y: 73, front: -6, width: 64, taper: 0.58, middle: 65, back: 118, lift: 26), 6),
    (Ring(y: 79, front: 3, width: 59, taper: 0.62, middle: 64, back: 113, lift: 30.5), 5),
    (Ring(y: 82, front: 17, width: 48, taper: 0.5, middle: 64, back: 106, lift: 32), 4),
    (Ring(y: 81, front: 36, width: 28, taper: 0.3, middle: 64, back: 92, lift: 28), 3),
    (Ring(y: 74, front: 60, width: 4, taper: 0, middle: 64, back: 68, lift: 20), 0),
  ]
  /// The ring of the mouth's line.
  static let mouthRing = 11

  let rings: [Ring]

  init(_ shape: FaceShape) {
    rings = Self.average.map { entry in
      var ring = entry.ring
      let low = smoothStep(-5, 55, ring.y)
      ring.width *= mix(shape.headWidth, shape.jawWidth, low)
      ring.taper += (shape.chinTaper - 0.5) * 0.28 * smoothStep(28, 75, ring.y)
      if ring.y > 28 {
        ring.y += shape.chinLength * min(1, (ring.y - 28) / 40)
        ring.front -= (shape.chinForward - 3) * smoothStep(40, 66, ring.y) * smoothStep(40, 10, ring.front)
      }
      return ring
    }
  }

  /// - Parameters:
  ///   - position: number of a ring, or between two.
  ///   - angle: from the front, radians, -π...π.
  func point(_ position: Float, angle: Float) -> Vector { Self.point(ring(position), angle: angle) }

  static func point(_ ring: Ring, angle: Float) -> Vector {
    let (s, c) = (Math.sin(angle), Math.cos(angle))
    let z = c >= 0 ? ring.middle - (ring.middle - ring.front) * c : ring.middle - (ring.back - ring.middle) * c
    let x = c >= 0 ? ring.width * s * (1 - ring.taper * c * c) : ring.width * s
    return Vector(x, ring.y - ring.lift * smoothStep(0, 58, z - ring.front), z)
  }

  func ring(_ position: Float) -> Ring {
    let last = rings.count - 1
    let i = min(max(Int(position), 0), last - 1)
    let t = position - Float(i)
    let (a, b, c, d) = (rings[max(i - 1, 0)], rings[i], rings[i + 1], rings[min(i + 2, last)])
    /// Catmull and Rom's spline.
    func blend(_ p: KeyPath<Ring, Float>) -> Float {
      let (p0, p1, p2, p3) = (a[keyPath: p], b[keyPath: p], c[keyPath: p], d[keyPath: p])
      return p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)))
    }
    return Ring(
      y: blend(\.y), front: blend(\.front), width: blend(\.width), taper: blend(\.taper), middle: blend(\.middle),
      back: blend(\.back), lift: blend(\.lift))
  }
}
