// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension FacePlace {
  /// What an object is made of, those behind first.
  func solids(_ kind: Occluder.Kind, _ random: inout SplitMix64) -> [Solid] {
    switch kind {
    case .hand: hand(&random)
    case .strands: strands(&random)
    case .glasses: glasses(&random)
    case .microphone: microphone(&random)
    }
  }

  /// A number of a range.
  private func number(_ range: ClosedRange<Float>, _ random: inout SplitMix64) -> Float {
    mix(range.lowerBound, range.upperBound, random.uniform())
  }

  /// Between a light and a dark colour.
  private func color(_ light: Vector, _ dark: Vector, _ random: inout SplitMix64) -> Vector {
    mix(light, dark, random.uniform())
  }

  /// Forearm, palm, four fingers and a thumb, from below or from a side towards mouth, cheek or brow.
  private func hand(_ random: inout SplitMix64) -> [Solid] {
    let skin = color(Vector(0.93, 0.76, 0.66), Vector(0.42, 0.28, 0.21), &random)
    let side: Float = random.uniform() < 0.5 ? -1 : 1
    let palm = SIMD2(side * number(0.25...1.0, &random), number(0.5...1.7, &random))
    // Where the arm comes from, as an angle from straight below.
    let turn = side * number(-0.2...1.1, &random), size = number(0.85...1.25, &random)
    let (s, c) = (Math.sin(turn), Math.cos(turn))
    /// A place of the hand: x across it, y towards the fingertips.
    func place(_ x: Float, _ y: Float) -> SIMD2<Float> {
      let (a, b) = (x * size, y * size)
      return self(palm.x + c * a - s * b, palm.y - s * a - c * b)
    }
    func rod(_ a: SIMD2<Float>, _ b: SIMD2<Float>, _ first: Float, _ second: Float, _ shade: Float = 1) -> Solid {
      Solid(
        start: a, end: b, startRadius: first * size * unit, endRadius: second * size * unit, color: skin * shade,
        shading: 0.45)
    }
    var solids = [rod(place(0, -2.6), place(0, -0.5), 0.36, 0.3, 0.95), rod(place(0, -0.3), place(0, 0.1), 0.34, 0.4)]
    let (spread, bend) = (number(0.1...0.3, &random), number(0.5...1, &random))
    for finger in 0..<4 {
      let f = Float(finger) - 1.5, length: Float = (finger == 0 || finger == 3 ? 0.72 : 0.9) * bend
      let (x, shade) = (f * 0.2, 1 - 0.03 * Float(finger))
      let knuckle = place(x, 0.3), joint = place(x + f * spread * 0.4, 0.3 + length * 0.55)
      solids.append(rod(knuckle, joint, 0.115, 0.105, shade))
      solids.append(rod(joint, place(x + f * spread * 0.7, 0.3 + length), 0.105, 0.085, shade * 0.98))
    }
    let thumb = place(-side * 0.32, -0.1)
    solids.append(rod(thumb, place(-side * 0.62, 0.3 * bend), 0.14, 0.12, 0.97))
    solids.append(rod(place(-side * 0.62, 0.3 * bend), place(-side * 0.66, 0.65 * bend), 0.12, 0.09, 0.96))
    return solids
  }

  /// Strands of hair that fall from above over brow, eye or cheek.
  private func strands(_ random: inout SplitMix64) -> [Solid] {
    let hair = color(Vector(0.78, 0.62, 0.38), Vector(0.08, 0.06, 0.05), &random)
    let (root, sway) = (number(-1.1...1.1, &random), number(-0.8...0.8, &random))
    let (reach, count) = (number(0.4...1.9, &random), 8 + Int(random.next() % 26))
    var solids: [Solid] = []
    for _ in 0..<count {
      let x = root + number(-0.28...0.28, &random), tip = x + sway + number(-0.3...0.3, &random)
      let (top, end) = (number(-1.9 ... -1.5, &random), reach + number(-0.5...0.3, &random))
      let (bow, thickness) = (number(-0.4...0.4, &random), number(0.012...0.035, &random) * unit)
      let shade = number(0.8...1.25, &random)
      /// A point of a quadratic curve.
      func point(_ t: Float) -> SIMD2<Float> {
        let u = 1 - t
        return self(u * u * x + 2 * u * t * (x + bow) + t * t * tip, mix(top, end, t))
      }
      let parts = 10
      for part in 0..<parts {
        let (a, b) = (Float(part) / Float(parts), Float(part + 1) / Float(parts))
        solids.append(
          Solid(
            start: point(a), end: point(b), startRadius: max(0.45, thickness * (1 - 0.6 * a)),
            endRadius: max(0.45, thickness * (1 - 0.6 * b)), color: hair * shade, opacity: 0.95, shading: 0.5))
      }
    }
    return solids
  }

  /// Rims around both eyes, a bridge and two temples; in half of them lenses that hide the eyes.
  private func glasses(_ random: inout SplitMix64) -> [Solid] {
    let rim = color(Vector(0.75, 0.7, 0.6), Vector(0.05, 0.05, 0.06), &random)
    let isDark = random.uniform() < 0.5, thickness = number(0.02...0.06, &random) * unit
    let (wide, high) = (number(0.95...1.2, &random), number(0.62...1, &random))
    let roundness = number(2...5, &random)
    var solids: [Solid] = []
    func rod(_ a: SIMD2<Float>, _ b: SIMD2<Float>, _ radius: Float) {
      solids.append(
        Solid(start: a, end: b, startRadius: radius, endRadius: radius, color: rim, shading: 0.35))
    }
    let (right, down) = (across / unit, down / unit)
    for first in [36, 42] {
      let (center, half) = eye(first)
      let (w, h) = (half * wide, half * high)
      if isDark {
        let lens = color(Vector(0.22, 0.2, 0.2), Vector(0.02, 0.03, 0.04), &random)
        for row in -3...3 {
          let y = Float(row) / 3 * h * 0.72, x = w - h * 0.4
          solids.append(
            Solid(
              start: center - right * x + down * y, end: center + right * x + down * y, startRadius: h * 0.32,
              endRadius: h * 0.32, color: lens, shading: 0))
        }
      }
      // A superellipse, from a circle to nearly a rectangle.
      func point(_ i: Int) -> SIMD2<Float> {
        let angle = Float(i) / 24 * 2 * .pi, (c, s) = (Math.cos(angle), Math.sin(angle))
        let p = 2 / roundness
        let x = Math.pow(abs(c), p) * (c < 0 ? -1 : 1), y = Math.pow(abs(s), p) * (s < 0 ? -1 : 1)
        return center + right * (x * w) + down * (y * h)
      }
      for i in 0..<24 { rod(point(i), point(i + 1), thickness) }
      let outward: Float = first == 36 ? -1 : 1
      rod(
        center + right * (outward * w), center + right * (outward * (w + 0.42 * unit)) - down * (0.05 * unit), thickness
      )
    }
    let (left, other) = (eye(36), eye(42))
    rod(left.center + right * (left.half * wide), other.center - right * (other.half * wide), thickness)
    return solids
  }

  /// A microphone that is held before mouth or chin.
  private func microphone(_ random: inout SplitMix64) -> [Solid] {
    let body = color(Vector(0.45, 0.45, 0.47), Vector(0.06, 0.06, 0.07), &random)
    let (x, y) = (number(-0.7...0.7, &random), number(0.95...1.7, &random))
    let (lean, size) = (number(-0.9...0.9, &random), number(0.26...0.42, &random))
    let head = self(x, y), foot = self(x + lean, y + 3.2)
    return [
      Solid(
        start: head, end: foot, startRadius: size * 0.55 * unit, endRadius: size * 0.42 * unit, color: body * 0.7,
        shading: 0.6),
      Solid(
        start: head, end: head, startRadius: size * unit, endRadius: size * unit, color: body, shading: 0.6, mesh: 0.35),
    ]
  }
}
