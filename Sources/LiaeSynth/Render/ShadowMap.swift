// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The view from the lamp: for each direction the distance of the nearest surface.
final class ShadowMap {
  private static let side = 192
  /// Millimetres that it covers each way from the middle of the head.
  private static let reach: Float = 190
  private let depths: Scratch<Float>
  private var right = Vector(1, 0, 0), down = Vector(0, 1, 0), away = Vector(0, 0, 1)
  private let middle = Vector(0, 0, PosedHead.distance + 60)

  /// - Throws: `outOfMemory`.
  init() throws(LiaeError) { depths = try Scratch(Self.side * Self.side, for: "a shadow map") }

  @inline(__always) private func project(_ p: Vector) -> Vector {
    let q = p - middle
    let scale = Float(Self.side) / (2 * Self.reach)
    let half = Float(Self.side) / 2
    return Vector(dot(q, right) * scale + half, dot(q, down) * scale + half, dot(q, away))
  }

  func cast(_ mesh: Mesh, _ places: UnsafePointer<Vector>, towards lamp: Vector) {
    away = -lamp
    right = normalized(cross(Vector(0.01, 1, 0.02), away))
    down = cross(away, right)
    let (side, out) = (Self.side, depths.base)
    out.update(repeating: .infinity, count: side * side)
    mesh.vertices.withUnsafeBufferPointer { vertices in
      mesh.triangles.withUnsafeBufferPointer { triangles in
        for triangle in triangles {
          let t = triangle.vertices
          switch triangle.material {
          case .eye, .teeth, .mouth: continue
          case .hair where vertices[Int(t.x)].inside < 4: continue
          default: break
          }
          let (a, b, c) = (project(places[Int(t.x)]), project(places[Int(t.y)]), project(places[Int(t.z)]))
          fill(a, b, c, side, out)
        }
      }
    }
  }

  @inline(__always)
  private func fill(_ a: Vector, _ b: Vector, _ c: Vector, _ side: Int, _ out: UnsafeMutablePointer<Float>) {
    let last = Float(side - 1)
    let (left, right) = (max(min(a.x, b.x, c.x).rounded(.up), 0), min(max(a.x, b.x, c.x), last))
    let (top, bottom) = (max(min(a.y, b.y, c.y).rounded(.up), 0), min(max(a.y, b.y, c.y), last))
    guard left <= right, top <= bottom else { return }
    let area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
    guard abs(area) > 1e-6 else { return }
    let scale = 1 / area
    for y in Int(top)...Int(bottom) {
      for x in Int(left)...Int(right) {
        let (px, py) = (Float(x) - a.x, Float(y) - a.y)
        let v = (px * (c.y - a.y) - py * (c.x - a.x)) * scale
        let w = ((b.x - a.x) * py - (b.y - a.y) * px) * scale
        guard v >= 0, w >= 0, v + w <= 1 else { continue }
        let depth = a.z + v * (b.z - a.z) + w * (c.z - a.z)
        let i = y &* side &+ x
        if depth < out[i] { out[i] = depth }
      }
    }
  }

  /// Share of the lamp's light that arrives at a place, softened over some millimetres.
  @inline(__always) func visible(_ place: Vector, _ normal: Vector) -> Float {
    let p = project(place + normal * 3)
    let (x, y) = (Int(clamp(p.x, 2, Float(Self.side - 3))), Int(clamp(p.y, 2, Float(Self.side - 3))))
    var open: Float = 0
    for j in -2...2 {
      for i in -2...2 {
        // Softly, so that no edge jumps from one vertex to the next.
        open += clamp((depths.base[(y &+ j) &* Self.side &+ x &+ i] - p.z + 6) * 0.22, 0, 1)
      }
    }
    return open / 25
  }
}
