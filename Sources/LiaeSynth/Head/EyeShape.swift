// SPDX-License-Identifier: Apache-2.0

/// One eye: its ball and the opening between its lids, in the frontal view of a resting head.
struct EyeShape {
  /// -1 for the eye at the left of the picture, 1 for the right one.
  let side: Float
  let center: Vector
  let width: Float
  let upper: Float
  let lower: Float
  let tilt: Float

  static let ballRadius: Float = 12.4
  static let lidRadius: Float = 13.3
  /// The distance above and below its opening to which the lids move, millimetres.
  static let reach = (above: Float(11), below: Float(8))

  init(_ shape: FaceShape, side: Float) {
    self.side = side
    center = Vector(side * shape.eyeSpacing, -38, 13.2)
    (width, upper, lower, tilt) = (shape.eyeWidth, shape.upperLid, shape.lowerLid, shape.eyeTilt)
  }

  /// -1 at the inner corner, 1 at the outer one.
  @inline(__always) func across(_ x: Float) -> Float { (x - center.x) * side / width }

  /// Heights of the lids' edges at `across`; equal at the corners and beyond.
  @inline(__always) func lids(_ across: Float) -> (upper: Float, lower: Float) {
    let q = clamp(across, -1, 1)
    let middle = center.y + 1 - tilt * q * 0.5
    let arch = 1 - q * q
    // The upper lid is highest a little towards the nose, the lower one lowest a little away from it.
    return (
      middle - upper * arch.squareRoot() * (0.55 + 0.45 * arch) * (1 - 0.12 * q), middle + lower * arch * (1 + 0.2 * q)
    )
  }

  /// Tells whether a point of the resting surface lies in the opening: there is no skin.
  @inline(__always) func isOpening(_ x: Float, _ y: Float) -> Bool {
    let q = across(x)
    guard q > -1, q < 1 else { return false }
    let edges = lids(q)
    return y > edges.upper && y < edges.lower
  }

  /// The lids' depth over the ball at (x, y); nil beside it.
  func lidDepth(_ x: Float, _ y: Float) -> Float? {
    let (dx, dy) = (x - center.x, y - center.y)
    let rest = Self.lidRadius * Self.lidRadius - dx * dx * 0.8 - dy * dy
    return rest > 0 ? center.z - rest.squareRoot() : nil
  }

  /// The surface at (x, y), where it is `depth` without the ball.
  func depth(_ x: Float, _ y: Float, behind depth: Float) -> Float {
    guard let lid = lidDepth(x, y) else { return depth }
    return smoothMinimum(depth, lid, 3)
  }

  /// Returns where a point of the resting surface goes when the lids move.
  ///
  /// - Parameters:
  ///   - openness: 0 closed, 1 at rest, more is wide open.
  ///   - follow: how far the lids go down with the gaze, millimetres.
  func moved(_ x: Float, _ y: Float, openness: Float, follow: Float, squint: Float) -> Float {
    let q = across(x)
    guard q > -1.3, q < 1.3 else { return y }
    let edges = lids(q)
    let fade = smoothStep(1.3, 0.95, abs(q))
    let closing = edges.lower + 0.2 - 0.25 * (edges.lower - edges.upper)
    var upper = mix(closing, edges.upper, openness)
    var lower = edges.lower - squint * 1.6 * (1 - q * q)
    if openness < 1 { lower = mix(min(closing, lower), lower, openness) }
    upper = min(upper + follow * (1 - min(1, q * q)), lower)
    let (above, below) = (edges.upper - Self.reach.above, edges.lower + Self.reach.below)
    let new: Float
    if y <= above || y >= below {
      return y
    } else if y < edges.upper {
      new = above + (upper - above) * (y - above) / (edges.upper - above)
    } else if y > edges.lower {
      new = below + (lower - below) * (y - below) / (edges.lower - below)
    } else {
      let t = edges.lower > edges.upper ? (y - edges.upper) / (edges.lower - edges.upper) : 0
      new = mix(upper, lower, t)
    }
    return mix(y, new, fade)
  }
}
