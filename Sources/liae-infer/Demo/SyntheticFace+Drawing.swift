// SPDX-License-Identifier: Apache-2.0
import Glibc

extension SyntheticFace {
  /// The middle of the head.
  var center: Point { Point(0, 0.04) }

  /// The color of the picture at `page`, layer upon layer from the back to the front.
  func color(at page: Point, _ coverage: Coverage) -> Color {
    var paint = Paint(color: mix(groundTop, groundBottom, smoothStep(-1, 1, page.y)))
    paint.shade(1 - 0.18 * smoothStep(0.7, 1.5, page.length))

    // In the coordinates of the head it stands upright.
    let p = (page - center).rotated(-roll)
    drawHairBehind(&paint, p, coverage)
    drawShoulders(&paint, page, coverage)
    drawEars(&paint, p, coverage)
    drawHead(&paint, p, coverage)
    return paint.color
  }

  /// Where a point of the head's surface, by its angles to the side and down, is seen; and how much it is foreshortened.
  func surface(_ aside: Float, _ down: Float) -> (point: Point, narrowing: Float) {
    let (u, v) = (aside + yaw, down + pitch)
    return (Point(sin(u) * cos(v), sin(v)) * head, max(cos(u), 0.15))
  }

  /// Lambert's law with a soft terminator and some light from the room.
  private func lit(_ normal: SIMD3<Float>) -> Float {
    let facing = (normal * light).sum()
    let wrapped = max(0, (facing + 0.25) / 1.25)
    return 0.42 + 0.68 * wrapped
  }

  private func normal(_ p: Point, _ radii: Point) -> SIMD3<Float> {
    let q = p / radii
    let flat = (q * q).sum()
    if flat >= 1 { return SIMD3(q.x, q.y, 0) / flat.squareRoot() }
    return SIMD3(q.x, q.y, (1 - flat).squareRoot())
  }

  // MARK: - Around the head

  private func drawShoulders(_ paint: inout Paint, _ page: Point, _ coverage: Coverage) {
    let shoulders = Point(0, 1.35)
    let cloth = shirt * lit(normal(page - shoulders, Point(1.1, 0.6)))
    paint.over(cloth, coverage(coverage.ellipse(page, shoulders, Point(1.05, 0.55))))
    // The neck lies in the shadow of the chin.
    let neck = skin * (0.55 + 0.25 * smoothStep(0.65, 1, page.y)) * (1 + 0.15 * page.x * light.x)
    paint.over(neck, coverage(coverage.ellipse(page, Point(0, 0.72), Point(0.27, 0.38))))
  }

  private func drawHairBehind(_ paint: inout Paint, _ p: Point, _ coverage: Coverage) {
    let strands = 1 + 0.06 * sin(p.x * 46 + 5 * sin(p.y * 5))
    let shade = lit(normal(p, head * 1.4)) * strands
    let crown = coverage.ellipse(p, Point(0, -0.10), Point(head.x * (hasLongHair ? 1.15 : 1.05), head.y * 0.99))
    paint.over(hair * shade, coverage(crown, soft: 0.01))
    if hasLongHair {
      let fall = coverage.ellipse(p, Point(0, 0.28), Point(head.x * 1.28, 0.80))
      paint.over(hair * shade * 0.8, coverage(fall, soft: 0.02) * smoothStep(-0.35, 0, p.y))
    }
  }

  private func drawEars(_ paint: inout Paint, _ p: Point, _ coverage: Coverage) {
    for sign: Float in [-1, 1] {
      // The ear on the side that turns away disappears behind the head.
      let middle = Point(sign * head.x * (1.0 - 0.12 * sign * yaw) - yaw * 0.10, 0.03 + pitch * 0.3)
      let distance = coverage.ellipse(p, middle, Point(0.085, 0.15), angle: sign * 0.15)
      let inner = glow(p, middle + Point(-sign * 0.01, 0.01), Point(0.03, 0.06))
      let shade = lit(SIMD3(sign * 0.75, 0, 0.66)) * (0.95 - 0.3 * inner)
      if !hasLongHair { paint.over(skin * shade, coverage(distance)) }
    }
  }

  // MARK: - The head and what is on it

  private func drawHead(_ paint: inout Paint, _ p: Point, _ coverage: Coverage) {
    // The chin is narrower than the brow.
    let jaw = 1 - 0.13 * smoothStep(0.1, 0.75, p.y)
    let q = Point(p.x / jaw, p.y)
    let outline = coverage.ellipse(q, .zero, head) * jaw
    let share = coverage(outline)
    guard share > 0 else {
      drawFringe(&paint, p, coverage)
      return
    }
    var face = Paint(color: skin)
    face.shade(lit(normal(q, head)))
    drawModelling(&face, p)
    for sign: Float in [-1, 1] { drawEye(&face, p, sign, coverage) }
    drawNose(&face, p, coverage)
    drawMouth(&face, p, coverage)
    // A darker rim keeps the face apart from a ground of its own color.
    face.shade(1 - 0.22 * smoothStep(-0.06, 0, outline))
    paint.over(face.color, share)
    drawFringe(&paint, p, coverage)
  }

  /// Cheeks, eye sockets, chin: broad light and dark, before any line.
  private func drawModelling(_ face: inout Paint, _ p: Point) {
    let blush = mix(skin, Color(0.85, 0.30, 0.28), 0.5)
    for sign: Float in [-1, 1] {
      let cheek = surface(sign * 0.52, 0.26)
      face.over(
        blush * lit(SIMD3(sign * 0.4, 0.2, 0.9)), 0.30 * glow(p, cheek.point, Point(0.13 * cheek.narrowing, 0.10)))
      let socket = surface(sign * 0.38, -0.13)
      face.shade(1 - 0.20 * glow(p, socket.point, Point(0.15 * socket.narrowing, 0.08)))
    }
    let chin = surface(0, 0.98)
    face.shade(1 + 0.10 * glow(p, chin.point, Point(0.10, 0.06)))
    let brow = surface(0, -0.62)
    face.shade(1 + 0.10 * glow(p, brow.point, Point(0.25, 0.12)))
  }

  private func drawEye(_ face: inout Paint, _ p: Point, _ sign: Float, _ coverage: Coverage) {
    let (middle, narrowing) = surface(sign * 0.40, -0.10)
    let half = Point(0.122 * (0.35 + 0.65 * narrowing), 0.070 * eyesOpen)
    let ball = coverage.ellipse(p, middle, half, angle: sign * 0.06)
    let inside = coverage(ball)
    if inside > 0 {
      var eye = Paint(color: Color(0.95, 0.94, 0.92) * (0.62 + 0.4 * lit(SIMD3(0, 0, 1))))
      // The upper lid throws a shadow.
      eye.shade(1 - 0.30 * smoothStep(0.02, -0.05, p.y - middle.y))
      let look = middle + Point(gaze.x * 0.09 + sin(yaw) * 0.02, gaze.y * 0.05)
      let size = Point(0.056 * (0.5 + 0.5 * narrowing), 0.056)
      let round = coverage.ellipse(p, look, size)
      let ring = smoothStep(-0.022, 0, round)
      eye.over(iris * (1.25 - 0.75 * ring), coverage(round))
      eye.over(Color(0.03, 0.03, 0.03), coverage(coverage.ellipse(p, look, size * 0.45)))
      let glint = look + Point(light.x, light.y) * 0.028
      eye.over(Color(1, 1, 1), 0.9 * coverage(coverage.ellipse(p, glint, Point(0.013, 0.013)), soft: 0.006))
      face.over(eye.color, inside)
    }
    let lash = hair * 0.35
    let upper = middle - Point(0, half.y)
    face.over(
      lash,
      0.9
        * coverage(
          coverage.arc(p, upper, halfWidth: half.x * 1.12, bend: half.y * 0.95, thickness: 0.014, angle: sign * 0.06),
          soft: 0.004))
    face.over(
      skin * 0.55,
      0.5
        * coverage(
          coverage.arc(
            p, middle + Point(0, half.y), halfWidth: half.x * 0.95, bend: -half.y * 0.8, thickness: 0.006,
            angle: sign * 0.06), soft: 0.01))
    let arch = surface(sign * 0.41, -0.34 - 0.07 * browRaise)
    face.over(
      mix(hair, skin, 0.15) * 0.8,
      0.92
        * coverage(
          coverage.arc(
            p, arch.point, halfWidth: 0.155 * (0.35 + 0.65 * arch.narrowing), bend: 0.035 + 0.02 * browRaise,
            thickness: 0.024, angle: sign * (0.10 - 0.10 * browRaise)), soft: 0.012))
  }

  private func drawNose(_ face: inout Paint, _ p: Point, _ coverage: Coverage) {
    let bridge = surface(0, -0.05).point
    // The tip stands out of the head, so it moves further when the head turns.
    let tip = surface(0, 0.26).point + Point(sin(yaw), sin(pitch)) * 0.10
    let along = min(max((p.y - bridge.y) / max(tip.y - bridge.y, 0.05), 0), 1)
    let ridge = bridge.x + (tip.x - bridge.x) * along
    let away: Float = light.x > 0 ? -1 : 1
    let within = smoothStep(bridge.y - 0.12, bridge.y + 0.10, p.y) * smoothStep(tip.y + 0.05, tip.y - 0.02, p.y)
    let width = 0.035 + 0.04 * along
    let flank = exp(-0.5 * pow((p.x - ridge - away * width * 1.3) / (width * 0.7), 2))
    face.shade(1 - 0.20 * within * flank)
    let crest = exp(-0.5 * pow((p.x - ridge + away * width * 0.25) / (width * 0.55), 2))
    face.shade(1 + 0.10 * within * crest)
    face.shade(1 + 0.16 * glow(p, tip + Point(light.x * 0.02, -0.015), Point(0.035, 0.03)))
    face.shade(1 - 0.30 * glow(p, tip + Point(0, 0.07), Point(0.09, 0.022)))
    for sign: Float in [-1, 1] {
      let nostril = tip + Point(sign * 0.045 * cos(yaw) + sin(yaw) * 0.01, 0.052)
      face.over(
        skin * 0.28, 0.75 * coverage(coverage.ellipse(p, nostril, Point(0.021, 0.011), angle: sign * -0.3), soft: 0.012)
      )
    }
  }

  private func drawMouth(_ face: inout Paint, _ p: Point, _ coverage: Coverage) {
    let (middle, narrowing) = surface(0, 0.56)
    let place = middle + Point(sin(yaw) * 0.03, 0)
    let half = (0.155 + 0.04 * max(smile, 0)) * (0.4 + 0.6 * narrowing)
    let t = (p.x - place.x) / half
    // The line of the mouth: corners up in a smile.
    let line = place.y - 0.05 * smile * t * t + 0.012
    let inside = max(0, 1 - t * t)
    let gap = 0.13 * mouthOpen * inside
    let (top, bottom) = (line - gap * 0.25, line + gap * 0.75)
    let bow = 0.036 * inside.squareRoot() * (1 - 0.35 * exp(-18 * t * t))
    let upperLip = max(top - bow - p.y, p.y - top)
    let lowerLip = max(bottom - p.y, p.y - bottom - 0.044 * inside.squareRoot())
    let shine = 0.80 + 0.25 * lit(SIMD3(0.2 * t, 0.1, 1))
    guard abs(t) < 1.2 else { return }
    let ends = smoothStep(1.02, 0.94, abs(t))
    face.over(lips * 0.82 * shine, ends * coverage(upperLip, soft: 0.008))
    face.over(
      lips * shine * (1 + 0.12 * glow(p, Point(place.x, bottom + 0.018), Point(0.06, 0.012))),
      ends * coverage(lowerLip, soft: 0.008))
    if gap > 0.004 {
      var mouth = Paint(color: Color(0.20, 0.05, 0.06))
      mouth.over(Color(0.93, 0.91, 0.86), coverage(p.y - top - min(gap * 0.5, 0.030), soft: 0.006))
      mouth.over(Color(0.62, 0.25, 0.26), 0.8 * glow(p, Point(place.x, bottom), Point(0.07, 0.018)))
      face.over(mouth.color, ends * coverage(max(top - p.y, p.y - bottom), soft: 0.004))
    } else {
      face.over(lips * 0.35, 0.8 * ends * coverage(abs(p.y - line) - 0.006 * inside, soft: 0.006))
    }
    face.shade(1 - 0.16 * glow(p, Point(place.x, bottom + 0.075), Point(0.10, 0.020)))
  }

  /// Hair in front of the brow: the top of the head above a curved line.
  private func drawFringe(_ paint: inout Paint, _ p: Point, _ coverage: Coverage) {
    let cap = coverage.ellipse(p, Point(0, -0.03), Point(head.x * 1.08, head.y * 1.06))
    let parting = sin(yaw) * 0.25
    let across = (p.x - parting) / head.x
    let hairline = -0.44 + pitch * 0.4 + 0.50 * across * across + 0.02 * sin(across * 17)
    let strands = 0.92 + 0.10 * sin(p.x * 60 + across * abs(across) * 25) + 0.05 * sin(p.x * 131)
    let gloss = 1 + 0.35 * glow(p, Point(light.x * 0.3, -0.58), Point(0.28, 0.07))
    let shade = lit(normal(p, head * 1.08)) * strands * gloss
    let edge = max(cap, p.y - hairline)
    // A soft shadow of the hair on the brow.
    paint.shade(1 - 0.22 * smoothStep(0.09, 0, p.y - hairline) * coverage(cap))
    paint.over(hair * shade, coverage(edge, soft: 0.014))
  }
}
