// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The colour of a sample, from its triangle and the place on it.
struct Shader {
  let posed: PosedHead
  let parameters: FrameParameters
  private let gaze: Vector
  private let lamp: Vector
  private let strands = Noise(seed: 9)

  init(_ posed: PosedHead, _ parameters: FrameParameters) {
    (self.posed, self.parameters) = (posed, parameters)
    let (x, y) = (parameters.gaze.x * 0.5, parameters.gaze.y * 0.32)
    gaze = Vector(Math.sin(x) * Math.cos(y), Math.sin(y), -Math.cos(x) * Math.cos(y))
    lamp = parameters.light.direction
  }

  /// Linear colour and whether the sample is a part of the face.
  @inline(__always)
  func callAsFunction(
    _ triangle: Triangle, _ vertices: UnsafeBufferPointer<Vertex>, _ v: Float, _ w: Float
  ) -> (color: Vector, isFace: Bool) {
    let (a, b, c) = (Int(triangle.vertices.x), Int(triangle.vertices.y), Int(triangle.vertices.z))
    let u = 1 - v - w
    @inline(__always) func blend(_ p: UnsafeMutablePointer<Vector>) -> Vector { p[a] * u + p[b] * v + p[c] * w }
    let light = blend(posed.lit.base)
    switch triangle.material {
    case .face:
      let place = vertices[a].texture * u + vertices[b].texture * v + vertices[c].texture * w
      let paint = posed.head.skin(place)
      let color = Vector(paint.x, paint.y, paint.z) * light + blend(posed.shine.base) * paint.w
      return (color, vertices[a].inside * u + vertices[b].inside * v + vertices[c].inside * w > 0)
    case .skin:
      let color = vertices[a].color * u + vertices[b].color * v + vertices[c].color * w
      return (color * light + blend(posed.shine.base) * posed.head.identity.skin.gloss * 0.7, false)
    case .cloth:
      return ((vertices[a].color * u + vertices[b].color * v + vertices[c].color * w) * light, false)
    case .hair:
      let place = vertices[a].texture * u + vertices[b].texture * v + vertices[c].texture * w
      return (hair(place, light, blend(posed.shine.base)), false)
    case .teeth:
      let color = vertices[a].color * u + vertices[b].color * v + vertices[c].color * w
      return (color * light * 0.85 + blend(posed.shine.base) * 1.2, true)
    case .mouth:
      return ((vertices[a].color * u + vertices[b].color * v + vertices[c].color * w) * light, true)
    case .eye:
      let direction = normalized(vertices[a].color * u + vertices[b].color * v + vertices[c].color * w)
      let p = vertices[a].place * u + vertices[b].place * v + vertices[c].place * w
      return (eye(direction, p, light), true)
    }
  }

  @inline(never)
  private func hair(_ place: SIMD2<Float>, _ light: Vector, _ shine: Vector) -> Vector {
    let look = posed.head.identity.hair
    let strand: Float
    if look.style == .curly {
      strand = strands.fractal(place.x * 0.22, place.y * 0.22, octaves: 3)
    } else {
      let bend = 6 * strands(place.x * 0.03, place.y * 0.02)
      strand =
        0.6 * strands((place.x + bend) * 0.75, place.y * 0.03) + 0.4 * strands((place.x + bend) * 0.22, place.y * 0.012)
    }
    let contrast = smoothStep(0.2, 0.85, strand)
    let color = mix(look.color * 0.55, mix(look.color, look.highlight, 0.45), contrast)
    return color * light + look.highlight * shine * (0.35 + 0.9 * contrast) * 0.8
  }

  @inline(never)
  private func eye(_ direction: Vector, _ p: Vector, _ light: Vector) -> Vector {
    let head = posed.head
    let shape = p.x < 0 ? head.eyes[0] : head.eyes[1]
    // Each eye looks in a little, as at somebody two metres away.
    let inward = normalized(gaze + Vector(-shape.side * 0.02, 0, 0))
    let cosine = clamp(dot(direction, inward), -1, 1)
    let r = (2 * (1 - cosine)).squareRoot() / 0.475
    let q = shape.across(p.x)
    var color = mix(Vector(0.70, 0.66, 0.63), Vector(0.60, 0.42, 0.38), smoothStep(0.55, 1.05, abs(q)))
    if r < 1.08 {
      let offset = direction - inward * cosine
      let around = Math.atan2(offset.y, offset.x)
      let fiber = strands(around * 7 + 30, r * 2)
      var iris = mix(head.identity.iris.inner, head.identity.iris.outer, smoothStep(0.3, 0.85, r))
      iris *= 0.65 + 0.75 * fiber
      // The far side from the lamp glows, as light falls through the cornea.
      iris *= 1 + 0.9 * clamp(-dot(normalized(offset), posed.unrotated(lamp)), -0.4, 1)
      iris *= 1 - 0.75 * smoothStep(0.82, 1.0, r)
      iris = mix(Vector(0.004, 0.004, 0.004), iris, smoothStep(0.33, 0.41, r))
      color = mix(iris, color, smoothStep(0.94, 1.07, r))
    }
    let edges = shape.lids(q)
    let upper = shape.moved(p.x, edges.upper, openness: posed.openness, follow: posed.follow, squint: posed.squint)
    let shade = 0.30 + 0.70 * smoothStep(-0.3, 4.2, p.y - upper)
    color *= light * (shade * (0.78 + 0.22 * smoothStep(1.05, 0.6, abs(q))))
    // The cornea stands out of the ball and mirrors the lamp.
    var normal = direction
    if r < 1.25 { normal = normalized(direction + (direction - inward) * 0.75) }
    let world = posed.rotation(normal)
    let half = normalized(lamp + Vector(0, 0, -1))
    let h = max(0, dot(world, half))
    let h8 = Math.pow(h, 8)
    let glint = Math.pow(h8, 40) * 1.6 + 0.05 * h8
    let sky = 0.05 * smoothStep(0.2, -0.9, world.y)
    return color + parameters.light.key * glint * smoothStep(0, 2.5, p.y - upper) + parameters.light.sky * sky * shade
  }
}

extension PosedHead {
  /// A direction of the camera's space in the head's.
  func unrotated(_ v: Vector) -> Vector { rotation.x * v.x + rotation.y * v.y + rotation.z * v.z }
}
