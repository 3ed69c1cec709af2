// SPDX-License-Identifier: Apache-2.0
import LiaeFrame

/// A point of the skin: it moves with the three vertices around it.
struct SkinAnchor: Sendable {
  var vertices: SIMD3<Int32>
  var weights: Vector

  @inline(__always) func place(_ points: UnsafePointer<Vector>) -> Vector {
    points[Int(vertices.x)] * weights.x + points[Int(vertices.y)] * weights.y + points[Int(vertices.z)] * weights.z
  }
}

/// The places of iBUG's 68 points on the skin of a head.
struct LandmarkAnchors {
  private let grid: HeadGrid
  private let triangles: [SIMD3<Int32>]
  private let shape: FaceShape
  /// One or two anchors a landmark, whose mean it is.
  private(set) var anchors: [(SkinAnchor, SkinAnchor)] = []

  init(_ grid: HeadGrid, _ brow: BrowShape) {
    self.grid = grid
    shape = grid.relief.shape
    triangles = grid.triangles
    for i in 0...16 { add(jaw(i)) }
    for t: Float in [1, 0.78, 0.52, 0.26, 0] { add(frontal(brow.point(t, side: -1))) }
    for t: Float in [0, 0.26, 0.52, 0.78, 1] { add(frontal(brow.point(t, side: 1))) }
    let (relief, width) = (grid.relief, shape.noseWidth)
    for i in 0...3 { add(frontal(SIMD2(0, -42 + (relief.tip + 41.5) * Float(i) / 3))) }
    let base = relief.noseBase
    for (x, y): (Float, Float) in [(-14.5, -4), (-7.5, -1.6), (0, 0), (7.5, -1.6), (14.5, -4)] {
      add(frontal(SIMD2(x * width, base + y)))
    }
    // From the left corner over the top, by the shares of the way from the inner to the outer corner.
    for (eye, order) in zip(grid.eyes, [[1, 0.3, -0.36, -1, -0.3, 0.3], [-1, -0.36, 0.3, 1, 0.3, -0.3]] as [[Float]]) {
      for (i, q) in order.enumerated() {
        let edges = eye.lids(q)
        add(frontal(SIMD2(eye.center.x + eye.side * q * eye.width, i < 4 ? edges.upper : edges.lower)))
      }
    }
    addMouth()
  }

  private mutating func addMouth() {
    let (relief, half, line) = (grid.relief, shape.mouthWidth, FaceRelief.mouth)
    func outer(_ share: Float, _ isUpper: Bool) -> SkinAnchor {
      let x = share * half
      return frontal(SIMD2(x, line + (isUpper ? -relief.upperLipHeight(x) : relief.lowerLipHeight(x))))
    }
    func inner(_ share: Float, _ isUpper: Bool) -> SkinAnchor {
      onRow(grid.upperLipRow + (isUpper ? 0 : 1), x: share * half)
    }
    add((inner(-1, true), inner(-1, false)))
    for share: Float in [-0.61, -0.26, 0, 0.26, 0.61] { add(outer(share, true)) }
    add((inner(1, true), inner(1, false)))
    for share: Float in [0.64, 0.3, 0, -0.3, -0.64] { add(outer(share, false)) }
    add((inner(-0.85, true), inner(-0.85, false)))
    for share: Float in [-0.26, 0, 0.26] { add(inner(share, true)) }
    add((inner(0.85, true), inner(0.85, false)))
    for share: Float in [0.26, 0, -0.26] { add(inner(share, false)) }
  }

  private mutating func add(_ anchor: SkinAnchor) { anchors.append((anchor, anchor)) }
  private mutating func add(_ pair: (SkinAnchor, SkinAnchor)) { anchors.append(pair) }

  /// The point of the skin nearest to where the average head has this point of the jaw.
  private func jaw(_ index: Int) -> SkinAnchor {
    let solid = FaceTemplate.solid[index]
    var target = Vector(Float(solid.x), Float(solid.y), Float(solid.z))
    target.x *= mix(shape.headWidth, shape.jawWidth, smoothStep(-5, 55, target.y))
    if target.y > 28 { target.y += shape.chinLength * min(1, (target.y - 28) / 40) }
    var best = (SkinAnchor(vertices: .zero, weights: Vector(1, 0, 0)), Float.infinity)
    for triangle in triangles {
      let (a, b, c) = corners(triangle)
      guard abs(a.y - target.y) < 12, abs(a.x - target.x) < 12 else { continue }
      for weights in [Vector(1 / 3, 1 / 3, 1 / 3), Vector(0.8, 0.1, 0.1), Vector(0.1, 0.8, 0.1), Vector(0.1, 0.1, 0.8)]
      {
        let d = a * weights.x + b * weights.y + c * weights.z - target
        if dot(d, d) < best.1 { best = (SkinAnchor(vertices: triangle, weights: weights), dot(d, d)) }
      }
    }
    return best.0
  }

  /// The point in front that the frontal view shows at `p`.
  private func frontal(_ p: SIMD2<Float>) -> SkinAnchor {
    var best = (SkinAnchor(vertices: .zero, weights: Vector(1, 0, 0)), Float.infinity)
    for triangle in triangles {
      let (a, b, c) = corners(triangle)
      guard a.z < 75, max(a.x, b.x, c.x) >= p.x, min(a.x, b.x, c.x) <= p.x else { continue }
      let area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
      guard abs(area) > 1e-9 else { continue }
      let v = ((p.x - a.x) * (c.y - a.y) - (p.y - a.y) * (c.x - a.x)) / area
      let w = ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)) / area
      guard v >= -1e-3, w >= -1e-3, v + w <= 1.001 else { continue }
      let weights = Vector(1 - v - w, v, w)
      let z = a.z * weights.x + b.z * weights.y + c.z * weights.z
      if z < best.1 { best = (SkinAnchor(vertices: triangle, weights: weights), z) }
    }
    return best.0
  }

  /// The point of a row at `x` in front.
  private func onRow(_ row: Int, x: Float) -> SkinAnchor {
    let start = row * HeadGrid.stride
    var column = HeadGrid.columns / 4
    while column < HeadGrid.columns * 3 / 4, grid.resting[start + column + 1].x < x { column += 1 }
    let (a, b) = (grid.resting[start + column].x, grid.resting[start + column + 1].x)
    let share = b > a ? clamp((x - a) / (b - a), 0, 1) : 0
    let first = Int32(start + column)
    return SkinAnchor(vertices: SIMD3(first, first + 1, first), weights: Vector(1 - share, share, 0))
  }

  private func corners(_ t: SIMD3<Int32>) -> (Vector, Vector, Vector) {
    (grid.resting[Int(t.x)], grid.resting[Int(t.y)], grid.resting[Int(t.z)])
  }
}
