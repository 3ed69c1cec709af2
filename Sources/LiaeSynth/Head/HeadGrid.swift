// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The skin of a head as a grid of vertices, denser where a face has its features, at rest.
///
/// Row by row from the crown down, column by column from the back around the front to the back again. The mouth's line is
/// two rows in the same place: the edges of the upper and the lower lip, with nothing between them.
struct HeadGrid {
  static let columns = 160
  /// Angle of a column, -π...π, by its place, 0...1.
  static func angle(_ place: Float) -> Float {
    let e = 2 * place - 1
    return .pi * e * (0.28 + 0.72 * e * e)
  }

  /// Position in the profile of each row.
  let positions: [Float]
  /// The number of the upper lip's row; the lower lip's is the next.
  let upperLipRow: Int
  var rows: Int { positions.count }
  /// Vertices of a row; the first and the last are in the same place.
  static let stride = columns + 1

  var resting: [Vector] = []
  /// Angle from the front of each column.
  let angles: [Float]
  /// Depth of the surface behind the lids: what it is without the balls of the eyes.
  var socketDepth: [Float] = []
  let eyes: [EyeShape]
  let relief: FaceRelief
  let profile: HeadProfile

  init(_ shape: FaceShape) {
    let (profile, relief) = (HeadProfile(shape), FaceRelief(shape: shape))
    var positions: [Float] = []
    var lipRow = 0
    for (i, entry) in HeadProfile.average.enumerated() {
      if i == HeadProfile.mouthRing {
        lipRow = positions.count
        positions.append(Float(i))
      }
      for step in 0..<max(entry.rows, 1) { positions.append(Float(i) + Float(step) / Float(max(entry.rows, 1))) }
    }
    eyes = [EyeShape(shape, side: -1), EyeShape(shape, side: 1)]
    angles = (0...Self.columns).map { Self.angle(Float($0) / Float(Self.columns)) }
    for position in positions {
      let ring = profile.ring(position)
      for angle in angles {
        let base = HeadProfile.point(ring, angle: angle)
        var p = relief.displaced(base, facing: Math.cos(angle))
        socketDepth.append(p.z)
        if Math.cos(angle) > 0.3 {
          for eye in eyes where abs(p.x - eye.center.x) < EyeShape.lidRadius * 1.2 {
            p.z = eye.depth(p.x, p.y, behind: p.z)
          }
        }
        resting.append(p)
      }
    }
    (self.positions, upperLipRow) = (positions, lipRow)
    (self.relief, self.profile) = (relief, profile)
  }

  /// Depth of the line between the lips at `x`.
  func lipDepth(_ x: Float) -> Float {
    let row = upperLipRow * Self.stride
    var column = Self.columns / 4
    while column < Self.columns * 3 / 4, resting[row + column + 1].x < x { column += 1 }
    let (a, b) = (resting[row + column], resting[row + column + 1])
    return mix(a.z, b.z, b.x > a.x ? clamp((x - a.x) / (b.x - a.x), 0, 1) : 0)
  }

  /// Pairs of triangles, as vertex numbers; the slit of the mouth is open.
  var triangles: [SIMD3<Int32>] {
    var result: [SIMD3<Int32>] = []
    for row in 0..<rows - 1 {
      for column in 0..<Self.columns {
        let a = Int32(row * Self.stride + column)
        let (b, c) = (a + 1, a + Int32(Self.stride))
        if row == upperLipRow, abs(resting[Int(a)].x) < relief.shape.mouthWidth - 0.5, Math.cos(angles[column]) > 0 {
          continue
        }
        result.append(SIMD3(a, c, b))
        result.append(SIMD3(b, c, c + 1))
      }
    }
    return result
  }
}
