// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The source of random numbers for the random colour transfers.
package enum ColorRandomness: Sendable {
  /// A seed, which gives the same result each time.
  case seed(UInt64)
  /// Draws that another program made, for tests: normals in the order of use, rotations row by row, 9 numbers each.
  case recorded(normals: [Double], rotations: [Double])
}

/// The draws of one transfer.
struct ColorDraws {
  private let source: ColorRandomness
  private var generator = SplitMix64(state: 0)
  private var spare: Double?
  private var normalsUsed = 0
  private var rotationsUsed = 0

  init(_ source: ColorRandomness) {
    self.source = source
    if case .seed(let seed) = source { generator = SplitMix64(state: seed) }
  }

  /// A unit vector, uniform over the sphere.
  mutating func direction() throws(LiaeError) -> ColorMatrix.Vector {
    let v = try ColorMatrix.Vector(normal(), normal(), normal())
    return v.normalized ?? ColorMatrix.Vector(1, 0, 0)
  }

  /// A rotation, uniform over SO(3): three normal vectors made orthogonal one after the other (the Q of QR), the third
  /// turned so that the determinant is 1.
  mutating func rotation() throws(LiaeError) -> ColorMatrix {
    if case .recorded(_, let rotations) = source {
      guard rotations.count >= rotationsUsed + 9 else { throw Self.exhausted("rotations", rotations.count / 9) }
      let m = rotations[rotationsUsed..<rotationsUsed + 9].map { $0 }
      rotationsUsed += 9
      return ColorMatrix(
        columns: ColorMatrix.Vector(m[0], m[3], m[6]), ColorMatrix.Vector(m[1], m[4], m[7]),
        ColorMatrix.Vector(m[2], m[5], m[8]))
    }
    let (u, second) = try (direction(), direction())
    let aside = abs(u.x) < 0.9 ? ColorMatrix.Vector(1, 0, 0) : ColorMatrix.Vector(0, 1, 0)
    let v = (second - u * (u * second).sum()).normalized ?? u.cross(aside).normalized ?? aside
    return ColorMatrix(columns: u, v, u.cross(v))
  }

  /// Draws from N(0, 1), two at a time. Source: G. Box and M. Muller, A Note on the Generation of Random Normal
  /// Deviates (1958).
  private mutating func normal() throws(LiaeError) -> Double {
    if case .recorded(let normals, _) = source {
      guard normals.count > normalsUsed else { throw Self.exhausted("normals", normals.count) }
      defer { normalsUsed += 1 }
      return normals[normalsUsed]
    }
    if let value = spare {
      spare = nil
      return value
    }
    // Within (0, 1], so that the logarithm is finite.
    let radius = (-2 * Math.log(1 - uniform())).squareRoot()
    let angle = 2 * Double.pi * uniform()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }

  /// Draws a number in [0, 1), in all bits that a Double holds.
  private mutating func uniform() -> Double { Double(generator.next() >> 11) * 0x1p-53 }

  private static func exhausted(_ what: String, _ count: Int) -> LiaeError {
    LiaeError(.invalidArgument, "colour transfer: the \(count) recorded \(what) are fewer than the method draws")
  }
}

extension SIMD3<Double> {
  /// The value is nil for a vector that has no direction.
  fileprivate var normalized: SIMD3<Double>? {
    let length = (self * self).sum().squareRoot()
    return length > 1e-150 && length.isFinite ? self / length : nil
  }

  fileprivate func cross(_ b: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(y * b.z - z * b.y, z * b.x - x * b.z, x * b.y - y * b.x)
  }
}
