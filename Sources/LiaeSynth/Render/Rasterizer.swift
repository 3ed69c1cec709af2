// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Finds the triangle that each sample of a frame shows.
final class Rasterizer {
  let width: Int
  let height: Int
  let depths: Scratch<Float>
  /// Number of the triangle; -1 where there is none.
  let triangles: Scratch<Int32>
  /// Weights of a triangle's second and third vertex.
  let weights: Scratch<SIMD2<Float>>
  private let fringe = Noise(seed: 5)

  /// - Parameter width: samples.
  /// - Throws: `outOfMemory`.
  init(width: Int, height: Int) throws(LiaeError) {
    (self.width, self.height) = (width, height)
    depths = try Scratch(width * height, for: "depths")
    triangles = try Scratch(width * height, for: "depths")
    weights = try Scratch(width * height, for: "depths")
  }

  func draw(_ mesh: Mesh, _ screen: UnsafePointer<Vector>, eyes: [EyeShape]) {
    depths.base.update(repeating: .infinity, count: width * height)
    triangles.base.update(repeating: -1, count: width * height)
    mesh.vertices.withUnsafeBufferPointer { vertices in
      mesh.triangles.withUnsafeBufferPointer { list in
        for number in 0..<list.count { draw(number, list[number], vertices, screen, eyes) }
      }
    }
  }

  @inline(__always)
  private func draw(
    _ number: Int, _ triangle: Triangle, _ vertices: UnsafeBufferPointer<Vertex>, _ screen: UnsafePointer<Vector>,
    _ eyes: [EyeShape]
  ) {
    let (ia, ib, ic) = (Int(triangle.vertices.x), Int(triangle.vertices.y), Int(triangle.vertices.z))
    let (a, b, c) = (screen[ia], screen[ib], screen[ic])
    let area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
    // Seen from outside, triangles turn against the clock.
    guard triangle.isTwoSided ? abs(area) > 1e-5 : area < -1e-5 else { return }
    let left = max(min(a.x, b.x, c.x).rounded(.up), 0), right = min(max(a.x, b.x, c.x), Float(width - 1))
    let top = max(min(a.y, b.y, c.y).rounded(.up), 0), bottom = min(max(a.y, b.y, c.y), Float(height - 1))
    guard left <= right, top <= bottom else { return }
    let isCut = triangle.eye != 0 || triangle.material == .hair
    let scale = 1 / area
    let (vx, vy) = ((c.y - a.y) * scale, -(c.x - a.x) * scale)
    let (wx, wy) = (-(b.y - a.y) * scale, (b.x - a.x) * scale)
    let (dz1, dz2) = (b.z - a.z, c.z - a.z)
    let (first, last) = (Int(left), Int(right))
    for y in Int(top)...Int(bottom) {
      let py = Float(y) - a.y
      let row = y &* width
      for x in first...last {
        let px = Float(x) - a.x
        let v = px * vx + py * vy
        let w = px * wx + py * wy
        // A hair's breadth over the edge, so that rounding leaves no gap.
        guard v >= -1e-4, w >= -1e-4, v + w <= 1.0001 else { continue }
        let depth = a.z + v * dz1 + w * dz2
        let i = row &+ x
        guard depth < depths.base[i] else { continue }
        if isCut, isOpen(triangle, vertices[ia], vertices[ib], vertices[ic], v, w, eyes) { continue }
        depths.base[i] = depth
        triangles.base[i] = Int32(truncatingIfNeeded: number)
        weights.base[i] = SIMD2(v, w)
      }
    }
  }

  /// Tells whether a triangle has a hole here: between the lids, or where hair ends in strands.
  @inline(never)
  private func isOpen(
    _ triangle: Triangle, _ a: Vertex, _ b: Vertex, _ c: Vertex, _ v: Float, _ w: Float, _ eyes: [EyeShape]
  ) -> Bool {
    let u = 1 - v - w
    if triangle.eye != 0 {
      let p = a.place * u + b.place * v + c.place * w
      return eyes[Int(triangle.eye) - 1].isOpening(p.x, p.y)
    }
    let cover = a.inside * u + b.inside * v + c.inside * w
    if cover > 9 { return false }
    if cover < -4 { return true }
    let place = a.texture * u + b.texture * v + c.texture * w
    return cover < 7 * (fringe(place.x * 0.8, place.y * 0.06) - 0.35) + 5
      * (fringe(place.x * 0.25 + 50, place.y * 0.02) - 0.5)
  }
}
