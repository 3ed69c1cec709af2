// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// A head ready to be rendered in any pose: its surfaces at rest, how they move, and its paint. Made once, shared by
/// threads.
package final class Head: Sendable {
  package let identity: Identity
  let mesh: Mesh
  let skin: SkinTexture
  let eyes: [EyeShape]
  /// Vertices of the face, which come first in the mesh.
  let faceCount: Int
  let smile, brows, pucker: [Vector]
  let jaw: [Float]
  /// Vertices of the face that lids move, and the depth of their sockets.
  let lids: [(vertex: Int, eye: Int, socket: Float)]
  let anchors: [(SkinAnchor, SkinAnchor)]
  /// The scale and shift that bring the head to the size and height at which its landmarks align as the average head's
  /// do.
  let fit: (scale: Float, shift: Vector)

  /// - Throws: `outOfMemory`.
  package init(_ identity: Identity) throws(LiaeError) {
    self.identity = identity
    let grid = HeadGrid(identity.shape)
    let brow = BrowShape(identity.brows, identity.shape)
    let hair = Hair(identity: identity, profile: grid.profile)
    let expression = Expression(grid)
    (smile, brows, pucker, jaw) = (expression.smile, expression.brows, expression.pucker, expression.jaw)
    eyes = grid.eyes
    faceCount = grid.resting.count
    skin = try SkinTexture(SkinPainter(identity, grid, hair, brow))
    anchors = LandmarkAnchors(grid, brow).anchors

    var lids: [(vertex: Int, eye: Int, socket: Float)] = []
    for (i, p) in grid.resting.enumerated() where p.z < 40 {
      for (number, eye) in grid.eyes.enumerated()
      where abs(eye.across(p.x)) < 1.3 && abs(p.y - eye.center.y) < EyeShape.lidRadius * 1.3 {
        lids.append((i, number, grid.socketDepth[i]))
      }
    }
    self.lids = lids

    var mesh = Mesh()
    let openness = Occlusion.openness(grid)
    for row in 0..<grid.rows {
      for column in 0..<HeadGrid.stride {
        let i = row * HeadGrid.stride + column
        let p = grid.resting[i]
        let inside = min(42 - p.z, (15.4 - grid.positions[row]) * 8, p.y + 118)
        mesh.vertices.append(
          Vertex(
            place: p, texture: SIMD2(Float(column), Float(row)) * Float(SkinTexture.fineness), openness: openness[i],
            inside: inside, attachment: .face))
      }
    }
    for triangle in grid.triangles {
      let p = grid.resting[Int(triangle.x)]
      var eye: UInt8 = 0
      for (number, shape) in grid.eyes.enumerated()
      where abs(shape.across(p.x)) < 1.4 && abs(p.y - shape.center.y) < 16 && p.z < 45 { eye = UInt8(number + 1) }
      mesh.triangles.append(Triangle(vertices: triangle, material: .face, eye: eye))
    }
    for eye in grid.eyes {
      mesh.addCorners(eye)
      mesh.addEye(eye)
    }
    mesh.addMouth(identity.shape) { grid.lipDepth($0) }
    for side: Float in [-1, 1] {
      let root = grid.profile.point(7.7, angle: side * 1.66)
      mesh.addEar(identity, side: side, root: root)
    }
    mesh.addBody(identity)
    hair.add(to: &mesh)
    self.mesh = mesh
    fit = Self.fit(anchors, grid.resting)
  }

  /// The similarity, without turn, from this head's frontal landmarks to those of the average head, over the points that
  /// crops are aligned by.
  private static func fit(_ anchors: [(SkinAnchor, SkinAnchor)], _ resting: [Vector]) -> (Float, Vector) {
    let used = Array(17...48) + [54]
    let own = resting.withUnsafeBufferPointer { points in
      used.map { anchors[$0].0.place(points.baseAddress!) }
    }
    let average = used.map { Vector(FaceTemplate.solid[$0]) }
    let count = Float(used.count)
    let (ownMean, mean) = (own.reduce(Vector.zero, +) / count, average.reduce(Vector.zero, +) / count)
    var (product, square) = (Float(0), Float(0))
    for (p, q) in zip(own, average) {
      let (p, q) = (p - ownMean, q - mean)
      product += p.x * q.x + p.y * q.y
      square += p.x * p.x + p.y * p.y
    }
    let scale = product / square
    return (scale, Vector(0, mean.y - scale * ownMean.y, 0))
  }
}
