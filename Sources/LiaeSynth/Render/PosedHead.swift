// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Memory of one thread, for every frame anew.
final class Scratch<Element: BitwiseCopyable> {
  private var storage: Bytes
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var count: Int

  init(_ count: Int, for purpose: String) throws(LiaeError) {
    storage = try Bytes.allocate(max(1, count) * MemoryLayout<Element>.stride, for: purpose)
    base = storage.base.bindMemory(to: Element.self, capacity: max(1, count))
    self.count = count
  }
}

/// A head in the pose of one frame: where its vertices are, what light they have, where the picture shows them.
final class PosedHead {
  let head: Head
  /// The vertices in the head's own space, then in the camera's: millimetres, the camera at the origin.
  private let shaped: Scratch<Vector>
  let places: Scratch<Vector>
  let normals: Scratch<Vector>
  /// Samples across and down, and depth.
  let screen: Scratch<Vector>
  /// Light that a white matt surface would give back, and the lamp's reflection.
  let lit: Scratch<Vector>
  let shine: Scratch<Vector>
  private let shadows: ShadowMap

  private(set) var rotation = Rotation(yaw: 0, pitch: 0, roll: 0)
  private(set) var openness: Float = 1
  private(set) var follow: Float = 0
  private(set) var squint: Float = 0
  private(set) var landmarks: [SIMD2<Double>] = []

  /// Camera to face, millimetres.
  static let distance: Float = 850

  /// - Throws: `outOfMemory`.
  init(_ head: Head) throws(LiaeError) {
    self.head = head
    let count = head.mesh.vertices.count
    shaped = try Scratch(count, for: "vertices")
    places = try Scratch(count, for: "vertices")
    normals = try Scratch(count, for: "normals")
    screen = try Scratch(count, for: "vertices")
    lit = try Scratch(count, for: "light")
    shine = try Scratch(count, for: "light")
    shadows = try ShadowMap()
  }

  /// - Parameters:
  ///   - width: of the frame, pixels.
  ///   - sampling: samples a pixel, each way.
  func pose(_ parameters: FrameParameters, width: Int, height: Int, sampling: Int) {
    shape(parameters)
    place(parameters, width, height, sampling)
    findNormals()
    let direction = parameters.light.direction
    shadows.cast(head.mesh, places.base, towards: direction)
    light(parameters.light, direction)
  }

  private func shape(_ parameters: FrameParameters) {
    let (smile, brows, pucker) = (parameters.smile, parameters.brows, parameters.pucker)
    let turn = Expression.jawTurn * parameters.jaw
    let (c, s) = (Math.cos(turn), Math.sin(turn))
    let (axisY, axisZ) = Expression.jawAxis
    func jawed(_ p: Vector, _ share: Float) -> Vector {
      let (y, z) = (p.y - axisY, p.z - axisZ)
      // The chin goes down and back.
      return p + share * Vector(0, y * c - z * s - y, z * c + y * s - z)
    }
    let out = shaped.base
    head.mesh.vertices.withUnsafeBufferPointer { vertices in
      for i in 0..<head.faceCount {
        var p = vertices[i].place
        p += smile * head.smile[i] + brows * head.brows[i] + pucker * head.pucker[i]
        out[i] = jawed(p, head.jaw[i])
      }
      for i in head.faceCount..<vertices.count {
        let vertex = vertices[i]
        out[i] = vertex.attachment == .jaw ? jawed(vertex.place, 1) : vertex.place
      }
      openness = max(0, 1 - parameters.blink) * (1 + 0.16 * max(0, brows) - 0.1 * smile)
      follow = parameters.gaze.y * 2.4
      squint = smile
      for (i, number, socket) in head.lids {
        let (eye, rest) = (head.eyes[number], vertices[i].place)
        let moved = eye.moved(rest.x, rest.y, openness: openness, follow: follow, squint: squint)
        out[i].y += moved - rest.y
        // Over the ball again, which the lids slide on.
        let before = eye.depth(rest.x, rest.y, behind: socket)
        out[i].z += eye.depth(rest.x, moved, behind: socket) - before
      }
    }
  }

  private func place(_ parameters: FrameParameters, _ width: Int, _ height: Int, _ sampling: Int) {
    rotation = Rotation(yaw: parameters.yaw, pitch: parameters.pitch, roll: parameters.roll)
    let body = Rotation(yaw: parameters.yaw * 0.2, pitch: parameters.pitch * 0.2, roll: parameters.roll * 0.2)
    // The head turns about the top of the spine; the camera follows the middle of the face.
    let pivot = Vector(0, 30, 95)
    let (scale, shift) = head.fit
    let middle = rotation(Vector(0, -5, 10) - pivot)
    let pixels = Float(height) / parameters.span
    let focal = pixels * Self.distance
    let center = SIMD2(parameters.center.x * Float(width), parameters.center.y * Float(height))
    let toSamples = Float(sampling)
    let (input, out, screen) = (shaped.base, places.base, screen.base)
    let offset = Vector(0, 0, Self.distance)
    head.mesh.vertices.withUnsafeBufferPointer { vertices in
      for i in 0..<vertices.count {
        let p = input[i] * scale + shift - pivot
        var q = rotation(p)
        if vertices[i].attachment == .body { q = mix(q, body(p), vertices[i].slack) }
        q = q - middle + offset
        out[i] = q
        let factor = focal / max(q.z, 100)
        // Samples of pixel n lie around n, whose centre has a whole coordinate.
        screen[i] = Vector(
          (center.x + q.x * factor + 0.5) * toSamples - 0.5, (center.y + q.y * factor + 0.5) * toSamples - 0.5, q.z)
      }
    }
    landmarks = head.anchors.map { pair in
      let p = 0.5 * (pair.0.place(out) + pair.1.place(out))
      let factor = focal / max(p.z, 100)
      return SIMD2(Double(center.x + p.x * factor), Double(center.y + p.y * factor))
    }
  }

  private func findNormals() {
    let (p, n, count) = (places.base, normals.base, head.mesh.vertices.count)
    n.update(repeating: .zero, count: count)
    head.mesh.triangles.withUnsafeBufferPointer { triangles in
      for triangle in triangles {
        let (a, b, c) = (Int(triangle.vertices.x), Int(triangle.vertices.y), Int(triangle.vertices.z))
        let normal = cross(p[b] - p[a], p[c] - p[a])
        n[a] += normal
        n[b] += normal
        n[c] += normal
      }
    }
    for i in 0..<count { n[i] = normalized(n[i]) }
  }

  private func light(_ light: FrameParameters.Light, _ direction: Vector) {
    let (p, n) = (places.base, normals.base)
    let up = rotation(Vector(0, -1, 0))
    head.mesh.vertices.withUnsafeBufferPointer { vertices in
      for i in 0..<vertices.count {
        let vertex = vertices[i]
        let view = normalized(-p[i])
        var normal = n[i]
        let isHair = i >= hairStart
        if twoSided[i], dot(normal, view) < 0 { normal = -normal }
        let toLamp = dot(normal, direction)
        let seen = shadows.visible(p[i], normal)
        let ambient = mix(light.ground, light.sky, 0.5 - 0.5 * normal.y) * vertex.openness
        let half = normalized(direction + view)
        if isHair {
          // Strands: brightest where they stand across the light. Source: Kajiya and Kay, SIGGRAPH 1989.
          let strand = normalized(up - normal * dot(normal, up))
          let along = dot(strand, half)
          let gleam = Math.pow(max(0, 1 - along * along), 22)
          let diffuse = clamp(0.25 + 0.75 * toLamp, 0, 1) * seen
          lit.base[i] = ambient + light.key * diffuse * vertex.openness
          shine.base[i] = light.key * (gleam * seen * smoothStep(-0.1, 0.4, toLamp)) + ambient * 0.12
        } else {
          // Skin lets light through: red reaches furthest into the shadow.
          let wrap = Vector(0.32, 0.14, 0.09)
          let soft = (Vector(repeating: toLamp) + wrap) / (Vector(repeating: 1) + wrap)
          let bright = Vector(max(0, soft.x), max(0, soft.y), max(0, soft.z))
          let shadow = Vector(seen * 0.94 + 0.06, seen, seen)
          lit.base[i] = ambient + light.key * bright * shadow * (0.4 + 0.6 * vertex.openness)
          let h = max(0, dot(normal, half))
          let (h2, facing) = (h * h, 1 - max(0, dot(normal, view)))
          let (h4, h8) = (h2 * h2, h2 * h2 * h2 * h2)
          let broad = h8 * h4
          let tight = h8 * h8 * h8 * h8 * h4
          let fresnel = facing * facing * facing * facing
          let reflected = (0.045 * broad + 0.16 * tight) * seen * smoothStep(-0.05, 0.2, toLamp)
          shine.base[i] = light.key * reflected + ambient * (0.02 + 0.16 * fresnel)
        }
      }
    }
  }

  /// Hair is the last part of a mesh.
  private lazy var hairStart: Int = {
    var first = head.mesh.vertices.count
    for triangle in head.mesh.triangles where triangle.material == .hair {
      first = min(first, Int(triangle.vertices.x), Int(triangle.vertices.y))
    }
    return first
  }()

  private lazy var twoSided: [Bool] = {
    var result = [Bool](repeating: false, count: head.mesh.vertices.count)
    for triangle in head.mesh.triangles where triangle.isTwoSided {
      for k in 0..<3 { result[Int(triangle.vertices[k])] = true }
    }
    return result
  }()
}
