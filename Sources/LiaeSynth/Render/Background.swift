// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A room out of focus: two colours from top to bottom and some soft patches.
struct Background {
  private var top, bottom: Vector
  private var patches: [(x: Float, y: Float, width: Float, height: Float, color: Vector)] = []

  init(scene: UInt64) {
    var random = SplitMix64(state: scene &* 0x9e37_79b9_7f4a_7c15 &+ 99)
    func color(_ strength: Float, _ random: inout SplitMix64) -> Vector {
      let gray = random.uniform() * strength
      return Vector(gray, gray, gray) * 0.6
        + Vector(random.uniform(), random.uniform(), random.uniform()) * strength * 0.4
    }
    top = color(0.55, &random)
    bottom = color(0.35, &random)
    for _ in 0..<5 {
      let (x, y) = (random.uniform(), random.uniform())
      let (width, height) = (0.08 + 0.3 * random.uniform(), 0.08 + 0.3 * random.uniform())
      patches.append((x, y, width, height, color(0.8, &random)))
    }
  }

  /// Shares of the frame's width and height.
  func color(_ x: Float, _ y: Float) -> Vector {
    var result = mix(top, bottom, smoothStep(0, 1, y))
    for patch in patches {
      result = mix(result, patch.color, 0.75 * bump(x - patch.x, y - patch.y, patch.width, patch.height))
    }
    return result
  }
}
