// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The parts that are not the face's skin. Grids run so that their triangles turn one way seen from outside.
extension Mesh {
  /// The front of an eye's ball, seen through the opening of the lids.
  mutating func addEye(_ eye: EyeShape) {
    let n = 20
    addGrid(rows: n, columns: n, material: .eye) { row, column in
      let (v, u) = (Float(row) / Float(n - 1) * 2 - 1, Float(column) / Float(n - 1) * 2 - 1)
      // A square bent over the ball.
      let (a, b) = (u * 1.35, v * 1.0)
      let direction = normalized(Vector(Math.sin(a) * Math.cos(b), Math.sin(b), -Math.cos(a) * Math.cos(b)))
      return Vertex(
        place: eye.center + direction * Vector(1.118, 1, 1) * EyeShape.ballRadius, color: direction, inside: 1)
    }
  }

  /// Pink flesh behind the corners of an eye.
  mutating func addCorners(_ eye: EyeShape) {
    addGrid(rows: 3, columns: 9, material: .mouth) { row, column in
      let (v, u) = (Float(row) / 2 * 2 - 1, Float(column) / 8 * 2 - 1)
      let place = eye.center + Vector(u * (eye.width + 2), v * 6, -3.5 + 4 * max(0, u * eye.side) * u * eye.side)
      return Vertex(place: place, color: Vector(0.42, 0.16, 0.14), openness: 0.5, inside: 1)
    }
  }

  /// - Parameter skin: depth of the line between the lips at a place across.
  mutating func addMouth(_ shape: FaceShape, _ skin: (Float) -> Float) {
    let line = FaceRelief.mouth
    // Behind the lips.
    let lips = skin(0)
    for isUpper in [true, false] {
      let (columns, rows) = (65, 5)
      let half: Float = isUpper ? 25 : 22
      addGrid(rows: rows, columns: columns, material: .teeth) { row, column in
        let u = Float(column) / Float(columns - 1) * 2 - 1
        let v = Float(row) / Float(rows - 1)
        let x = u * half
        let z = lips + (isUpper ? 2.8 : 4.3) + 17 * u * u
        // Between two teeth their edge recedes.
        let tooth = abs(Math.sin(.pi * u * (isUpper ? 5 : 6)))
        let gum = isUpper ? 1 - smoothStep(0.05, 0.3, v) : smoothStep(0.75, 0.98, v)
        let edge = (isUpper ? v : 1 - v) * (1 - min(1, tooth * 3)) * 0.9
        let y = isUpper ? line - 8 + v * 9 - edge + 1.2 * u * u * -1 : line + 0.5 + v * 9 + edge
        let ivory = Vector(0.74, 0.68, 0.55) * (0.62 + 0.38 * min(1, tooth * 2.2)) * (1 - 0.55 * u * u)
        return Vertex(
          place: Vector(x, y, z - 0.8 * tooth), color: mix(ivory, Vector(0.42, 0.13, 0.12), gum), openness: 0.75,
          inside: 1, attachment: isUpper ? .skull : .jaw)
      }
    }
    // Tongue.
    addGrid(rows: 9, columns: 13, material: .mouth) { row, column in
      let (v, u) = (Float(row) / 8, Float(column) / 12 * 2 - 1)
      let place = Vector(
        u * 16, line + 8 + 3 * u * u - 5 * Math.sin(.pi * min(1, v + 0.1)), lips + 30 - v * 21 + 4 * u * u)
      return Vertex(
        place: place, color: Vector(0.36, 0.11, 0.10), openness: 0.15 + 0.35 * v, inside: 1, attachment: .jaw)
    }
    // The dark behind, close to the skin at the corners.
    addGrid(rows: 9, columns: 25, material: .mouth) { row, column in
      let (v, u) = (Float(row) / 8 * 2 - 1, Float(column) / 24 * 2 - 1)
      let (x, deep) = (u * (shape.mouthWidth + 7), max(0, 1 - u * u))
      let y = line + 3 * deep + v * (5 + 17 * deep)
      let place = Vector(x, y, max(skin(x) + 4.5 + 9 * deep, lips + 34 * deep))
      return Vertex(
        place: place, color: Vector(0.07, 0.015, 0.012) * (1 + 1.5 * (1 - deep)), openness: 0.12, inside: 1,
        attachment: v > 0.4 ? .jaw : .skull)
    }
  }

  mutating func addEar(_ identity: Identity, side: Float, root: Vector) {
    let (rings, around) = (9, 25)
    let size = identity.shape.earSize
    let red = mix(identity.skin.color, identity.skin.color * Vector(1.05, 0.72, 0.68), 0.3 + 0.5 * identity.skin.blush)
    addGrid(rows: rings, columns: around, material: .skin, isTwoSided: true) { row, column in
      let r = Float(row) / Float(rings - 1)
      let phi = Float(column) / Float(around - 1) * 2 * .pi * side
      // Upright, narrower at the lobe; its back edge stands off the head.
      let (backward, down) = (Math.cos(phi) * r * (15 - 3 * Math.sin(phi)), Math.sin(phi) * r * 29)
      let rim = bump(r - 0.84, 0.13) * (Math.sin(phi) > 0.7 ? 0.35 : 1)
      let bowl = bump(r, 0.42)
      let inner = bump(r - 0.55, 0.1) * 0.5
      let out = 2 + 0.45 * (backward + 12) + 3.4 * rim - 6 * bowl + 1.6 * inner - 5 * smoothStep(0.93, 1, r)
      let place = root + Vector(side * out * size, down * size - backward * 0.18, (backward + 4) * size)
      let open = 1 - 0.65 * bowl - 0.25 * (1 - rim) * (r > 0.45 && r < 0.95 ? 1 : 0)
      return Vertex(place: place, color: red, openness: clamp(open, 0.2, 1))
    }
  }

  /// Neck and shoulders; they follow the head less the lower they are.
  mutating func addBody(_ identity: Identity) {
    let (columns, turn) = (41, Float.pi * 2)
    let broad = 0.5 + 0.5 * identity.shape.jawWidth
    func ring(_ column: Int) -> (x: Float, z: Float) {
      let a = Float(column) / Float(columns - 1) * turn - .pi
      return (Math.sin(a), -Math.cos(a))
    }
    addGrid(rows: 16, columns: columns, material: .skin) { row, column in
      let v = Float(row) / 15
      let (x, z) = ring(column)
      let width = (54 + 3 * v + 16 * smoothStep(0.7, 1, v)) * broad
      // Throat and the muscles at its sides.
      let throat = bump(x, 0.3) * (z < 0 ? 1 : 0) * 5 * bump(v - 0.35, 0.2) * (identity.skin.stubble + 0.2)
      let place = Vector(x * width, 25 + 150 * v, 84 + 20 * v + z * (46 + 4 * v) * broad - throat)
      let shade = 0.30 + 0.7 * smoothStep(0.30, 0.75, v)
      return Vertex(
        place: place, color: identity.skin.color * Vector(1, 0.95, 0.93), openness: shade, attachment: .body,
        slack: smoothStep(0.1, 1, v) * 0.65)
    }
    addGrid(rows: 10, columns: columns, material: .cloth) { row, column in
      let v = Float(row) / 9
      let (x, z) = ring(column)
      let width = mix(66 * broad, 215 * (0.85 + 0.15 * broad), Math.pow(v, 0.55))
      let depth = mix(60, 105, Math.pow(v, 0.6))
      let drop = 128 + 120 * v * v + 26 * v - 14 * z * (1 - v) * -1
      let place = Vector(x * width, drop + 10 * (z < 0 ? -z : 0) * (1 - v), 104 + z * depth)
      let fold = 0.92 + 0.08 * Math.sin(x * 9 + v * 14)
      return Vertex(
        place: place, color: identity.shirt * fold, openness: 0.55 + 0.45 * smoothStep(0, 0.35, v), attachment: .body,
        slack: 0.65)
    }
  }
}
