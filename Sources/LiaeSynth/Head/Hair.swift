// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Hair as a shell around the head, with an outline that its strands fray.
struct Hair {
  let identity: Identity
  let profile: HeadProfile
  private var look: HairLook { identity.hair }

  /// The lower edge of the hair by the angle from the front: (degrees, height).
  private var outline: [(angle: Float, height: Float)] {
    let (f, t) = (look.forehead, look.temples)
    switch look.style {
    case .short:
      return [
        (0, -106 - f), (20, -110 - f - t * 0.4), (36, -104 - f - t), (47, -88 - t * 0.6), (56, -72), (62, -50),
        (66, -12),
        (76, -6), (80, -38), (96, -48), (106, -20), (114, 30), (180, 42),
      ]
    case .curly:
      return [
        (0, -103 - f), (25, -103 - f - t * 0.4), (40, -97 - f - t), (50, -84 - t * 0.5), (60, -66), (66, -22),
        (74, -14),
        (80, -42), (98, -50), (110, -16), (122, 20), (180, 30),
      ]
    case .long:
      return [
        (0, -122), (7, -115), (20, -98), (33, -80), (43, -60), (50, -35), (57, 0), (63, 60), (69, 118), (90, 128),
        (180, 122),
      ]
    }
  }

  /// Returns a value above zero where hair covers the head; millimetres from the outline, roughly.
  func cover(_ angle: Float, _ y: Float) -> Float {
    let degrees = abs(angle) * 180 / .pi
    let line = outline
    var i = 0
    while i < line.count - 2, line[i + 1].angle < degrees { i += 1 }
    let (a, b) = (line[i], line[i + 1])
    let t = clamp((degrees - a.angle) / (b.angle - a.angle), 0, 1)
    // Where the outline is steep, the distance to it is measured sideways.
    let slope = (b.height - a.height) / ((b.angle - a.angle) * 1.4)
    return (mix(a.height, b.height, t) - y) / (1 + slope * slope).squareRoot()
  }

  private func thickness(_ angle: Float, _ y: Float, _ cover: Float, _ noise: Noise) -> Float {
    let root = smoothStep(-3, 16, cover)
    let top = smoothStep(-70, -125, y)
    let front = Math.cos(angle)
    switch look.style {
    case .short:
      let sides = mix(5, look.volume, top)
      return root * sides * (0.85 + 0.3 * max(0, front) * top) + 0.8 + 2.2 * root * (noise(angle * 9, y * 0.06) - 0.5)
    case .curly:
      let sides = mix(9, look.volume, top)
      return root * (sides + 7 * (noise.fractal(angle * 14, y * 0.14, octaves: 2) - 0.5)) + 1
    case .long:
      let waves = 3.5 * Math.sin(angle * 9 + y * 0.035) * smoothStep(-90, 20, y)
      // It parts in the middle and falls over the ears.
      let parting = 1 - 0.55 * bump(angle, 0.12) * smoothStep(-60, -120, y)
      return root * look.volume * parting + 1 + smoothStep(-70, 0, y) * 3 + root * waves
    }
  }

  /// The shell; `vertices.texture` runs across the strands and along them.
  func add(to mesh: inout Mesh) {
    let noise = Noise(seed: identity.seed &+ 77)
    let (columns, long) = (HeadGrid.columns / 2 + 1, look.style == .long)
    let positions: [Float] = (0..<76).map { Float($0) * 0.2 }
    let falling: [Float] = long ? (1...14).map { Float($0) * 9 } : []
    let rows = (long ? 45 : positions.count) + falling.count
    mesh.addGrid(rows: rows, columns: columns, material: .hair, isTwoSided: true) { row, column in
      let angle = HeadGrid.angle(Float(column) / Float(columns - 1))
      var base: Vector
      let onHead = min(row, rows - falling.count - 1)
      base = profile.point(positions[onHead], angle: angle)
      if row > onHead {
        // Below the temples long hair hangs free.
        let fall = falling[row - onHead - 1]
        let narrowing = 1 - 0.0007 * fall
        base = Vector(base.x * narrowing, base.y + fall, mix(base.z, 92, 0.0018 * fall))
        if Math.cos(angle) > 0 { base.z -= 0.10 * fall }
      }
      let cover = cover(angle, base.y)
      var outward = normalized(Vector(base.x, 0, base.z - 88))
      let crown = smoothStep(-95, -150, base.y)
      outward = normalized(mix(outward, Vector(0, -1, 0.1), crown))
      let place = base + outward * thickness(angle, base.y, cover, noise)
      let deep = 0.55 + 0.45 * smoothStep(-2, 14, cover)
      return Vertex(
        place: place, texture: SIMD2(angle * 92, base.y), openness: row > onHead && Math.cos(angle) > 0.2 ? 0.8 : deep,
        inside: cover)
    }
  }
}
