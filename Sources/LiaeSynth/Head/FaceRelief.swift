// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The features that a face has and a smooth head has not: each moves the surface by bumps placed in the frontal view.
struct FaceRelief {
  let shape: FaceShape
  /// Height of the mouth's line.
  static let mouth: Float = 28
  /// Height of the nose's tip.
  var tip: Float { -8 + shape.noseLength - shape.noseUp }
  /// Height where the nose meets the upper lip.
  var noseBase: Float { 7 + shape.noseLength * 0.8 }

  /// Returns where a point of the profile goes, the lids' bulge left out.
  ///
  /// - Parameter facing: cosine of the angle from the front.
  func displaced(_ base: Vector, facing: Float) -> Vector {
    let front = smoothStep(0.05, 0.4, facing)
    guard front > 0 else { return base }
    let (x, y, side) = (base.x, base.y, abs(base.x))
    var out = base
    out.z += front * (sockets(side, y) + cheeks(side, y) + lips(x, y) - nose(side, y) - chin(x, y))
    // The wings stand wider than the bridge's slope would have them, and the ball of the tip hangs.
    out.x +=
      (x > 0 ? 1 : -1) * front * 2.2 * shape.noseWidth * bump(side - 13 * shape.noseWidth, y - noseBase + 6, 5, 6)
    out.y += front * (2.2 - shape.noseUp) * bump(side, y - tip - 3, 9, 7)
    return out
  }

  private func sockets(_ side: Float, _ y: Float) -> Float {
    let spacing = shape.eyeSpacing
    var depth = 8.5 * bump(side - spacing + 1, y + 38, 18, 11)
    depth += 2.5 * bump(side - 19, y + 40, 7, 9)
    // The ridge above them, and the dip between brows and bridge.
    depth -= shape.browRidge * bump(side - 27, y + 57 + shape.browRidge * 0.4, 21, 8)
    depth -= 0.8 * shape.browRidge * bump(side, y + 56, 13, 9)
    // Lower edge of the socket.
    return depth - 1.2 * bump(side - spacing, y + 24, 16, 6)
  }

  private func cheeks(_ side: Float, _ y: Float) -> Float {
    var depth = -shape.cheekbones * bump(side - 47, y + 14, 17, 14)
    depth += shape.cheekHollow * bump(side - 44, y - 22, 15, 18)
    depth -= 2.5 * bump(side - 30, y + 4, 15, 14)
    // The fold from the wing of the nose to the corner of the mouth.
    let t = clamp((y - 1) / 30, 0, 1)
    depth += 1.3 * bump(side - mix(18, shape.mouthWidth + 6, t), 4) * smoothStep(-6, 6, y) * smoothStep(40, 20, y)
    return depth
  }

  private func nose(_ side: Float, _ y: Float) -> Float {
    let t = clamp((y + 46) / (tip + 46), 0, 1)
    let projection = 27 * shape.noseHeight
    // Along the bridge, then down to the lip.
    var height = mix(4.5, projection, t * (0.72 + 0.28 * t))
    height += shape.noseHump * bump(y + 26, 10)
    height *= smoothStep(-58, -44, y)
    let below = clamp((y - tip) / (noseBase - tip + 3), 0, 1)
    height *= 1 - smoothStep(0.12, 1, below) * (1 - 0.2 * (1 - below))
    let halfWidth = mix(7.5, 10.5 * shape.noseWidth, t) * (0.9 + 0.1 * shape.noseWidth)
    let q = side / halfWidth
    var result = height * Math.exp(-q * q * (0.86 + 0.14 * q * q))
    // Wings, and the ball of the tip.
    result += 6.4 * bump(side - 11.6 * shape.noseWidth, y - noseBase + 6.5, 5.2, 6.2)
    result += 2 * bump(side, y - tip, 8 * shape.noseWidth, 7)
    // Nostrils.
    result -= 4.5 * bump(side - 6.8 * shape.noseWidth, y - noseBase + 2.2, 3.3, 2.6)
    return max(result, -6)
  }

  /// Half the height of the lips at `x` from the middle, as a share of that in the middle: 0 at the corners.
  func lipTaper(_ x: Float) -> Float {
    let q = clamp(abs(x) / shape.mouthWidth, 0, 1)
    return (1 - q * q)
  }

  /// Returns the height of the upper lip's edge above the mouth's line at `x`: its bow dips in the middle.
  func upperLipHeight(_ x: Float) -> Float {
    let taper = Math.pow(lipTaper(x), 0.75)
    return shape.upperLip * (taper - 0.16 * bump(x, 4.5) + 0.10 * bump(abs(x) - 7, 5))
  }

  func lowerLipHeight(_ x: Float) -> Float { shape.lowerLip * Math.pow(lipTaper(x), 0.7) }

  private func lips(_ x: Float, _ y: Float) -> Float {
    let q = x / shape.mouthWidth
    let inside = Math.exp(-q * q * q * q * 1.1)
    let d = y - Self.mouth
    var depth: Float = 0
    depth -= shape.lipBulge * inside * bump(d + shape.upperLip * 0.5, shape.upperLip * 0.75 + 1.5)
    depth -= (shape.lipBulge + 1) * inside * bump(d - shape.lowerLip * 0.45, shape.lowerLip * 0.62 + 1.5)
    depth -= 3.5 * bump(q, 0.9) * bump(d, 17)
    // The line between them, rolled in.
    depth += 4.2 * smoothStep(1.12, 0.75, abs(q)) * bump(d, 2)
    depth += 2.2 * bump(abs(x) - shape.mouthWidth - 1, d, 5, 5)
    // Philtrum, and the dip above the chin.
    depth += 1.1 * bump(x, y - 15, 3.4, 6) - 0.7 * bump(abs(x) - 5.5, y - 15, 3, 6)
    depth += 3.2 * bump(x, y - 43 - shape.chinLength * 0.3, 19, 5.5)
    return depth
  }

  private func chin(_ x: Float, _ y: Float) -> Float {
    let height = 61 + shape.chinLength
    let half = mix(20, 14, shape.chinTaper)
    return shape.chinForward * bump(x, y - height, half, 11) - 0.6 * (1 - shape.chinTaper)
      * bump(x, y - height - 3, 3, 7)
  }
}
