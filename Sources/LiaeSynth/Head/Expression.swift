// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Computes how far each vertex of a head follows the muscles: all movements but those of the lids are sums of these.
struct Expression {
  /// Millimetres at a full smile, at fully raised brows, and with the lips pushed forward.
  var smile: [Vector] = []
  var brows: [Vector] = []
  var pucker: [Vector] = []
  /// Share of the jaw's turn.
  var jaw: [Float] = []

  /// The axis that the jaw turns about, parallel to x.
  static let jawAxis = (y: Float(-2), z: Float(68))
  /// Radians of an open jaw.
  static let jawTurn: Float = 0.34

  init(_ grid: HeadGrid) {
    let shape = grid.relief.shape
    for row in 0..<grid.rows {
      for column in 0..<HeadGrid.stride {
        let p = grid.resting[row * HeadGrid.stride + column]
        let front = smoothStep(0, 0.4, Math.cos(grid.angles[column]))
        let isLower = row > grid.upperLipRow
        smile.append(front * Self.smile(p, isLower, shape))
        brows.append(front * Self.brows(p))
        pucker.append(front * Self.pucker(p, shape))
        jaw.append(Self.jaw(p, isLower, shape))
      }
    }
  }

  private static func smile(_ p: Vector, _ isLower: Bool, _ shape: FaceShape) -> Vector {
    let (side, sign) = (abs(p.x), Float(p.x > 0 ? 1 : -1))
    let d = p.y - FaceRelief.mouth
    let corner = bump(side - shape.mouthWidth, d, 17, 15)
    var delta = Vector(sign * 5.5, -7, 3.5) * corner
    // Cheeks rise and round.
    delta += Vector(sign * 0.8, -3.5, -3.8) * bump(side - 38, p.y - 1, 15, 14)
    // Lips stretch, flatten and part.
    let lip = bump(p.x, d, shape.mouthWidth, 10)
    delta += Vector(0, 0, 1.6) * lip
    let taper = max(0, 1 - side * side / (shape.mouthWidth * shape.mouthWidth)).squareRoot()
    delta.y += (isLower ? 2.2 * bump(d, 14) : -2.4 * bump(d, 12)) * taper
    // The fold beside the nose deepens; lower lids are pushed up.
    let t = clamp((p.y - 1) / 30, 0, 1)
    delta.z += 1.8 * bump(side - mix(19, shape.mouthWidth + 8, t), 4) * smoothStep(-6, 6, p.y) * smoothStep(38, 22, p.y)
    delta.y -= 1.2 * bump(side - shape.eyeSpacing, p.y + 27, 15, 6)
    // The nose widens.
    delta.x += sign * 1.5 * bump(side - 13, p.y, 7, 8)
    return delta
  }

  private static func brows(_ p: Vector) -> Vector {
    let side = abs(p.x)
    let lift = bump(max(0, side - 34), 16) * (p.y > -64 ? bump(p.y + 64, 13) : bump(p.y + 64, 26))
    return Vector(0, -7.5, 0.8) * lift
  }

  private static func pucker(_ p: Vector, _ shape: FaceShape) -> Vector {
    let d = p.y - FaceRelief.mouth
    let near = bump(p.x, d, shape.mouthWidth * 1.15, 17)
    return Vector(-p.x * 0.34, -d * 0.1, -5 * bump(p.x, d, shape.mouthWidth * 0.75, 15)) * near
  }

  private static func jaw(_ p: Vector, _ isLower: Bool, _ shape: FaceShape) -> Float {
    let side = abs(p.x)
    // Beside the mouth the cheek is stretched; below and above it, lips go with their bones.
    let soft = smoothStep(4, 50, p.y)
    let taper = max(0, 1 - side * side / (shape.mouthWidth * shape.mouthWidth)).squareRoot()
    let d = abs(p.y - FaceRelief.mouth)
    let lips = isLower ? Float(1) : Float(0.0)
    let hard = mix(lips, soft, smoothStep(6, 40, d) * (isLower ? 0.5 : 1))
    let share = p.z < 60 ? mix(soft, hard, taper) : soft
    // It ends behind the jaw's corners.
    return share * smoothStep(92, 52, p.z)
  }
}
