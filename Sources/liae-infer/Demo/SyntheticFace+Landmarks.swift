// SPDX-License-Identifier: Apache-2.0
import Glibc

extension SyntheticFace {
  /// The 68 points of iBUG's order where they are drawn, in the coordinates of the page.
  var landmarks: [Point] {
    (jaw + brow(-1) + brow(1) + nose + eye(-1) + eye(1) + mouth).map { $0.rotated(roll) + center }
  }

  /// 0...16: from ear to ear along the chin.
  private var jaw: [Point] {
    (0...16).map { i in
      // Ears are a little above the middle of the head.
      let angle = Float.pi * (1.04 - 1.08 * Float(i) / 16)
      let y = head.y * sin(angle)
      return Point(head.x * (1 - 0.13 * smoothStep(0.1, 0.75, y)) * cos(angle), y)
    }
  }

  /// 17...21 or 22...26: from left to right.
  private func brow(_ sign: Float) -> [Point] {
    let arch = surface(sign * 0.41, -0.34 - 0.07 * browRaise)
    let half = 0.155 * (0.35 + 0.65 * arch.narrowing)
    return (0...4).map { i in
      let t = Float(i) / 2 - 1
      let p = Point(half * t, (0.035 + 0.02 * browRaise) * t * t)
      return p.rotated(sign * (0.10 - 0.10 * browRaise)) + arch.point
    }
  }

  /// 27...35: down the ridge, then along the base from left to right.
  private var nose: [Point] {
    let bridge = surface(0, -0.05).point
    let tip = surface(0, 0.26).point + Point(sin(yaw), sin(pitch)) * 0.10
    let ridge = (0...3).map { bridge + (tip - bridge) * (Float($0) / 3) }
    let base = (-2...2).map { i in
      tip + Point(Float(i) * 0.032 * cos(yaw), 0.062 + 0.008 * Float(2 - abs(i)))
    }
    return ridge + base
  }

  /// 36...41 or 42...47: the left corner, above, the right corner, below.
  private func eye(_ sign: Float) -> [Point] {
    let (middle, narrowing) = surface(sign * 0.40, -0.10)
    let half = Point(0.122 * (0.35 + 0.65 * narrowing), 0.070 * eyesOpen)
    return [Point(-1, 0), Point(-0.4, -0.9), Point(0.4, -0.9), Point(1, 0), Point(0.4, 0.9), Point(-0.4, 0.9)].map {
      ($0 * half).rotated(sign * 0.06) + middle
    }
  }

  /// 48...67: around the lips, then around their opening.
  private var mouth: [Point] {
    let (middle, narrowing) = surface(0, 0.56)
    let place = middle + Point(sin(yaw) * 0.03, 0)
    let half = (0.155 + 0.04 * max(smile, 0)) * (0.4 + 0.6 * narrowing)
    func point(_ t: Float, isUpper: Bool, isOuter: Bool) -> Point {
      let inside = max(0, 1 - t * t)
      let line = place.y - 0.05 * smile * t * t + 0.012
      let gap = 0.13 * mouthOpen * inside
      let edge = isUpper ? line - gap * 0.25 : line + gap * 0.75
      let lip = isUpper ? -0.036 * inside.squareRoot() * (1 - 0.35 * exp(-18 * t * t)) : 0.044 * inside.squareRoot()
      return Point(place.x + t * half, isOuter ? edge + lip : edge)
    }
    let outerUpper: [Float] = [-1, -0.62, -0.25, 0, 0.25, 0.62, 1]
    let innerUpper: [Float] = [-0.9, -0.4, 0, 0.4, 0.9]
    return outerUpper.map { point($0, isUpper: true, isOuter: true) }
      + outerUpper.dropFirst().dropLast().reversed().map { point($0, isUpper: false, isOuter: true) }
      + innerUpper.map { point($0, isUpper: true, isOuter: false) }
      + innerUpper.dropFirst().dropLast().reversed().map { point($0, isUpper: false, isOuter: false) }
  }
}
