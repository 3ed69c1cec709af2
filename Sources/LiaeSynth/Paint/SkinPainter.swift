// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Colours of the face's skin, by place on the resting head.
struct SkinPainter {
  let identity: Identity
  let grid: HeadGrid
  let hair: Hair
  let brow: BrowShape
  private let noise: Noise

  init(_ identity: Identity, _ grid: HeadGrid, _ hair: Hair, _ brow: BrowShape) {
    (self.identity, self.grid, self.hair, self.brow) = (identity, grid, hair, brow)
    noise = Noise(seed: identity.seed)
  }

  /// Linear colour and, as the fourth value, how much the skin shines.
  func color(_ p: Vector, angle: Float, isLower: Bool) -> SIMD4<Float> {
    let (skin, side) = (identity.skin, abs(p.x))
    let front = smoothStep(0, 0.4, Math.cos(angle))
    // Coordinates that do not stretch around the head.
    let (u, v) = (angle * 85, p.y)
    var color = skin.color * (1 + 0.16 * (noise.fractal(u * 0.05, v * 0.05, octaves: 3) - 0.5))
    color *= 1 + 0.13 * (noise.fractal(u * 0.9, v * 0.9, octaves: 2) - 0.5)
    var gloss = skin.gloss * (0.75 + 0.5 * noise(u * 0.7, v * 0.7))
    gloss *= 1 + 0.7 * front * (bump(side, p.y + 8, 11, 30) + bump(side, p.y + 88, 34, 22))

    redden(&color, p, side, front)
    if skin.freckles > 0 { freckle(&color, u, v, side, front) }
    if skin.stubble > 0 { shave(&color, p, angle, u, v) }
    if skin.lines > 0 { line(&color, p, side, front) }
    paintLids(&color, &gloss, p, front)
    paintLips(&color, &gloss, p, front, isLower)
    paintBrows(&color, p, front)
    // Nostrils.
    let nostril = bump(side - 6.6 * grid.relief.shape.noseWidth, p.y - grid.relief.noseBase + 2.0, 3.2, 2.0) * front
    color *= 1 - 0.88 * min(1, nostril * 1.3)
    // Scalp.
    if identity.hair.style != .long {
      let cover = hair.cover(angle, p.y) + 5 * (noise(u * 0.8, v * 0.3) - 0.5)
      color = mix(color, identity.hair.color * 1.4, 0.85 * smoothStep(-2.5, 4, cover))
    }
    return SIMD4(color, gloss)
  }

  private func redden(_ color: inout Vector, _ p: Vector, _ side: Float, _ front: Float) {
    let patches =
      bump(side - 40, p.y - 1, 17, 14) + 0.8 * bump(side, p.y + 6, 12, 10) + 0.35 * bump(side, p.y - 62, 16, 10)
    let amount = identity.skin.blush * front * min(1, patches)
    color *= mix(Vector(1, 1, 1), Vector(1.03, 0.72, 0.70), amount)
    // The thin skin below the eyes.
    let below = bump(side - 31, p.y + 27, 12, 5) * front
    color *= mix(Vector(1, 1, 1), Vector(0.86, 0.80, 0.84), below * (0.45 + 0.5 * identity.skin.lines))
  }

  private func freckle(_ color: inout Vector, _ u: Float, _ v: Float, _ side: Float, _ front: Float) {
    let place = bump(side - 24, v + 6, 30, 20) + 0.35 * bump(side, v + 85, 45, 25)
    let field = noise(u * 0.42 + 40, v * 0.42) * 0.6 + noise(u * 0.95, v * 0.95 + 60) * 0.4
    let spot = smoothStep(0.60, 0.74, field) * min(1, place * 1.2) * front
    color *= mix(Vector(1, 1, 1), Vector(0.72, 0.52, 0.42), spot * identity.skin.freckles)
  }

  private func shave(_ color: inout Vector, _ p: Vector, _ angle: Float, _ u: Float, _ v: Float) {
    let side = abs(p.x)
    // Along a line from the sideburns to the corners of the mouth, and around the mouth.
    let edge = mix(27, -26, smoothStep(0.32, 1.05, abs(angle)))
    var beard = smoothStep(edge - 7, edge + 9, p.y + 5 * (noise(u * 0.35, v * 0.35) - 0.5))
    beard = max(beard, smoothStep(7, 13, p.y) * bump(p.x, 27) * smoothStep(2, 7, side + 4))
    beard *= 1 - 0.5 * bump(p.x, p.y - 43, 15, 4)
    beard *= 1 - smoothStep(95, 110, abs(angle) * 180 / .pi)
    let grain = 0.55 + 0.9 * noise(u * 1.7, v * 1.7)
    let amount = clamp(beard * identity.skin.stubble * grain, 0, 1)
    color = mix(color, color * Vector(0.26, 0.30, 0.36) + identity.hair.color * 0.2, min(0.85, amount * 0.85))
  }

  private func line(_ color: inout Vector, _ p: Vector, _ side: Float, _ front: Float) {
    var dark: Float = 0
    for i in 0..<3 {
      let height = -78 - Float(i) * 9.5 + 2.5 * Math.sin(p.x * 0.06 + Float(i) * 2)
      dark += 0.4 * bump(p.y - height, 0.9) * bump(p.x, 34)
    }
    // Between the brows, beside the eyes, beside the mouth.
    dark += 0.5 * bump(side - 5.5, 0.9) * bump(p.y + 58, 7)
    for i in 0..<3 {
      let t = (side - 50) / 12
      dark += 0.4 * bump(p.y + 38 - (Float(i) - 1) * (2.5 + 4 * t), 0.8) * bump(t - 0.5, 0.6)
    }
    let t = clamp((p.y - 1) / 30, 0, 1)
    dark +=
      0.6 * bump(side - mix(18, grid.relief.shape.mouthWidth + 6, t), 1.4) * smoothStep(-2, 6, p.y)
      * smoothStep(36, 24, p.y)
    color *= 1 - 0.45 * min(1, dark) * identity.skin.lines * front
  }

  private func paintLids(_ color: inout Vector, _ gloss: inout Float, _ p: Vector, _ front: Float) {
    guard front > 0.5 else { return }
    for eye in grid.eyes {
      let q = eye.across(p.x)
      guard abs(q) < 1.35, abs(p.y - eye.center.y) < 20 else { continue }
      let edges = eye.lids(q)
      let fade = smoothStep(1.3, 0.9, abs(q))
      let (above, below) = (edges.upper - p.y, p.y - edges.lower)
      // Shadow on the lid and its crease.
      let shadow = smoothStep(8, 1, above) * (above > -1 ? 1 : 0) * fade
      color *= mix(Vector(1, 1, 1), Vector(0.62, 0.50, 0.50), shadow * identity.skin.lidShadow)
      color *= 1 - 0.42 * bump(above - 4.6 - 0.6 * (1 - q * q), 0.8) * smoothStep(1.2, 0.7, abs(q))
      if above > -1 { gloss *= 1 + 0.5 * shadow }
      // Lashes, longer at the outer corner; the wet rim of the lower lid.
      let lashes = smoothStep(1.6 + 0.5 * q, 0.5, above) * (above > -6 ? 1 : 0) * smoothStep(1.12, 0.98, abs(q))
      color = mix(color, Vector(0.012, 0.008, 0.006), 0.93 * lashes * (below < 0 || above > 0 ? 1 : 0))
      let lower = smoothStep(1.7, 0.6, below) * (below > -1 ? 1 : 0) * fade
      color = mix(color, Vector(0.05, 0.03, 0.025), 0.38 * lower * smoothStep(-0.9, 0.6, q))
      color *= mix(Vector(1, 1, 1), Vector(1, 0.78, 0.76), bump(q + 1.03, 0.16) * bump(p.y - edges.lower, 2.5))
    }
  }

  private func paintLips(_ color: inout Vector, _ gloss: inout Float, _ p: Vector, _ front: Float, _ isLower: Bool) {
    let d = p.y - FaceRelief.mouth
    guard front > 0.5, abs(p.x) < grid.relief.shape.mouthWidth + 2, abs(d) < 20 else { return }
    let height = isLower ? grid.relief.lowerLipHeight(p.x) : grid.relief.upperLipHeight(p.x)
    let inner = abs(d)
    let share = smoothStep(height + 0.5, height - 0.9, inner)
    let grooves = noise(p.x * 1.4, d * 0.25 + (isLower ? 7 : 0))
    var lip = identity.skin.lips * (0.86 + 0.28 * grooves)
    lip *= isLower ? 1.06 : 0.88
    color = mix(color, lip, share * 0.92)
    // The line where lips meet.
    color *=
      1 - 0.55 * bump(inner, 1.1)
      * smoothStep(grid.relief.shape.mouthWidth + 2, grid.relief.shape.mouthWidth - 2, abs(p.x))
    gloss = mix(gloss, 2.1 * (0.7 + 0.6 * grooves), share)
  }

  private func paintBrows(_ color: inout Vector, _ p: Vector, _ front: Float) {
    guard front > 0.4 else { return }
    let t = (abs(p.x) - brow.inner) / brow.length
    guard t > -0.12, t < 1.1 else { return }
    let look = identity.brows
    let half = look.thickness * (0.55 + 0.45 * smoothStep(-0.08, 0.16, t)) * (1 - 0.72 * smoothStep(0.45, 1.05, t))
    let d = (p.y - brow.height(t)) / half
    let stroke = noise(abs(p.x) * 1.15 + p.y * 0.5 * (1 - t), p.y * 0.42 - abs(p.x) * 0.30)
    let share =
      smoothStep(1.25, 0.45, abs(d) + 0.55 * (stroke - 0.5)) * smoothStep(-0.1, 0.06, t) * smoothStep(1.08, 0.9, t)
    color = mix(color, look.color * (0.7 + 0.8 * stroke), clamp(share * look.density * (0.72 + 0.5 * stroke), 0, 0.97))
  }
}

/// The painted skin as a grid of colours over the vertices of a `HeadGrid`, `fineness` to a cell each way.
struct SkinTexture: Sendable {
  static let fineness = 4
  let width: Int
  let height: Int
  let storage: Bytes
  @inline(__always) var texels: UnsafePointer<SIMD4<Float>> {
    UnsafePointer(storage.base.assumingMemoryBound(to: SIMD4<Float>.self))
  }

  /// - Throws: `outOfMemory`.
  init(_ painter: SkinPainter) throws(LiaeError) {
    let (grid, fine) = (painter.grid, Self.fineness)
    (width, height) = (HeadGrid.columns * fine + 1, (grid.rows - 1) * fine + 1)
    storage = try Bytes.allocate(width * height * 16, for: "the skin of a face")
    let out = storage.base.bindMemory(to: SIMD4<Float>.self, capacity: width * height)
    for y in 0..<height {
      let row = min(y / fine, grid.rows - 2)
      let v = Float(y - row * fine) / Float(fine)
      for x in 0..<width {
        let column = min(x / fine, HeadGrid.columns - 1)
        let u = Float(x - column * fine) / Float(fine)
        let i = row * HeadGrid.stride + column
        let p = mix(
          mix(grid.resting[i], grid.resting[i + 1], u),
          mix(grid.resting[i + HeadGrid.stride], grid.resting[i + HeadGrid.stride + 1], u), v)
        let angle = HeadGrid.angle((Float(column) + u) / Float(HeadGrid.columns))
        out[y * width + x] = painter.color(p, angle: angle, isLower: y > grid.upperLipRow * fine + fine / 2)
      }
    }
  }

  /// Blended between the four texels around a place, which must lie inside.
  @inline(__always) func callAsFunction(_ place: SIMD2<Float>) -> SIMD4<Float> {
    let x = clamp(place.x, 0, Float(width) - 1.001), y = clamp(place.y, 0, Float(height) - 1.001)
    let (ix, iy) = (Int(x), Int(y))
    let (fx, fy) = (x - Float(ix), y - Float(iy))
    let row = texels + (iy &* width &+ ix)
    let (a, b, c, d) = (row[0], row[1], row[width], row[width &+ 1])
    let top = a + (b - a) * fx
    let bottom = c + (d - c) * fx
    return top + (bottom - top) * fy
  }
}
