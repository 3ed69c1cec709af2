// SPDX-License-Identifier: Apache-2.0

/// The way in which light and camera meet a surface.
enum Material: UInt8, Sendable {
  /// Colour from the texture of the face.
  case face
  /// Skin in the vertices' colour.
  case skin
  case hair
  case eye
  case teeth
  /// Tongue and walls of the mouth.
  case mouth
  case cloth
}

/// The movement that a vertex follows besides that of the head as a whole.
enum Attachment: UInt8, Sendable { case face, skull, jaw, body }

/// A vertex at rest.
struct Vertex: Sendable {
  var place: Vector
  /// Linear; of eyes, the direction from the ball's middle.
  var color = Vector(repeating: 1)
  /// Place in the texture, texels; of hair, along the strands' breadth and length.
  var texture = SIMD2<Float>(0, 0)
  /// Light from all around that reaches it, 0...1.
  var openness: Float = 1
  /// A value above zero where the surface belongs to the face; of hair, where there is any; millimetres, roughly.
  var inside: Float = -1
  var attachment = Attachment.skull
  /// The share of the head's turn that a vertex of the body does not follow.
  var slack: Float = 0
}

struct Triangle: Sendable {
  var vertices: SIMD3<Int32>
  var material: Material
  /// 0 none, 1 left, 2 right: whose opening may cut the triangle.
  var eye: UInt8 = 0
  var isTwoSided = false
}

/// Surfaces of a head.
struct Mesh: Sendable {
  var vertices: [Vertex] = []
  var triangles: [Triangle] = []

  /// Adds a grid of vertices; `vertex` gets row and column.
  mutating func addGrid(
    rows: Int, columns: Int, material: Material, isTwoSided: Bool = false, _ vertex: (Int, Int) -> Vertex
  ) {
    let first = Int32(vertices.count)
    for row in 0..<rows { for column in 0..<columns { vertices.append(vertex(row, column)) } }
    for row in 0..<Int32(rows - 1) {
      for column in 0..<Int32(columns - 1) {
        let a = first + row * Int32(columns) + column
        let (b, c, d) = (a + 1, a + Int32(columns), a + Int32(columns) + 1)
        triangles.append(Triangle(vertices: SIMD3(a, c, b), material: material, isTwoSided: isTwoSided))
        triangles.append(Triangle(vertices: SIMD3(b, c, d), material: material, isTwoSided: isTwoSided))
      }
    }
  }
}
