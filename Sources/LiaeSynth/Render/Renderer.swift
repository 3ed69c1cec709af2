// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// A frame and what is known of it.
package struct RenderedFrame: Sendable {
  /// rgbFloat.
  package let picture: Picture
  /// grayFloat: 1 where the skin of the face, its eyes and its mouth are seen; forehead to chin, without hair and ears.
  package let mask: Picture
  /// iBUG's 68, pixels; also those that the head hides.
  package let landmarks: [Point]
}

/// Renders frames of one size. One thread uses it at a time.
package final class Renderer {
  package let width: Int
  package let height: Int
  private static let sampling = 2
  private let rasterizer: Rasterizer
  private var posed: [String: PosedHead] = [:]

  /// - Parameter width: pixels, as `height` 16...4096.
  /// - Throws: `invalidArgument`, `outOfMemory`.
  package init(width: Int, height: Int) throws(LiaeError) {
    guard (16...4096).contains(width), (16...4096).contains(height) else {
      throw LiaeError(.invalidArgument, "frames of \(width) x \(height) pixels; sides of 16...4096 are possible")
    }
    (self.width, self.height) = (width, height)
    rasterizer = try Rasterizer(width: width * Self.sampling, height: height * Self.sampling)
  }

  /// - Throws: `outOfMemory`.
  package func render(_ head: Head, _ parameters: FrameParameters) throws(LiaeError) -> RenderedFrame {
    let pose: PosedHead
    if let known = posed[head.identity.name], known.head === head {
      pose = known
    } else {
      pose = try PosedHead(head)
      posed[head.identity.name] = pose
    }
    pose.pose(parameters, width: width, height: height, sampling: Self.sampling)
    rasterizer.draw(head.mesh, pose.screen.base, eyes: head.eyes)
    let picture = try Picture(width: width, height: height, format: .rgbFloat)
    let mask = try Picture(width: width, height: height, format: .grayFloat)
    resolve(pose, parameters, picture, mask)
    return RenderedFrame(picture: picture, mask: mask, landmarks: pose.landmarks)
  }

  private func resolve(_ pose: PosedHead, _ parameters: FrameParameters, _ picture: Picture, _ mask: Picture) {
    let shader = Shader(pose, parameters)
    let background = Background(scene: parameters.scene)
    let colors = picture.storage.base.assumingMemoryBound(to: Float.self)
    let masks = mask.storage.base.assumingMemoryBound(to: Float.self)
    let (list, weights) = (rasterizer.triangles.base, rasterizer.weights.base)
    let across = width * Self.sampling
    let mesh = pose.head.mesh
    mesh.vertices.withUnsafeBufferPointer { vertices in
      mesh.triangles.withUnsafeBufferPointer { triangles in
        for y in 0..<height {
          for x in 0..<width {
            let i = 2 * y &* across &+ 2 * x
            let samples = (i, i &+ 1, i &+ across, i &+ across &+ 1)
            @inline(__always) func shade(_ i: Int) -> (Vector, Float) {
              let number = Int(list[i])
              if number < 0 {
                return (
                  background.color(Float(x) / Float(width), Float(y) / Float(height)), 0
                )
              }
              let (color, isFace) = shader(triangles[number], vertices, weights[i].x, weights[i].y)
              return (color, isFace ? 1 : 0)
            }
            var (color, face) = shade(samples.0)
            let (second, secondFace) = shade(samples.3)
            let edge = Self.isEdge(list, triangles, samples)
            if list[samples.0] < 0, !edge {
              // Nothing but the background.
            } else if edge {
              let ((third, f3), (fourth, f4)) = (shade(samples.1), shade(samples.2))
              color = (color + second + third + fourth) / 4
              face = (face + secondFace + f3 + f4) / 4
            } else {
              color = (color + second) / 2
              face = (face + secondFace) / 2
            }
            let pixel = y &* width &+ x
            colors[3 &* pixel] = Tone.curve(color.x)
            colors[3 &* pixel &+ 1] = Tone.curve(color.y)
            colors[3 &* pixel &+ 2] = Tone.curve(color.z)
            masks[pixel] = face
          }
        }
      }
    }
    withExtendedLifetime((picture, mask)) {}
  }

  /// Tells whether the samples of a pixel show different surfaces.
  @inline(__always)
  private static func isEdge(
    _ list: UnsafeMutablePointer<Int32>, _ triangles: UnsafeBufferPointer<Triangle>, _ s: (Int, Int, Int, Int)
  ) -> Bool {
    @inline(__always) func material(_ i: Int) -> Int {
      let number = Int(list[i])
      return number < 0 ? -1 : Int(triangles[number].material.rawValue)
    }
    let first = material(s.0)
    if first == Int(Material.eye.rawValue) { return true }
    return material(s.1) != first || material(s.2) != first || material(s.3) != first
  }
}

/// Maps linear light to the values of a picture: sRGB's curve, with a shoulder in place of clipping.
enum Tone {
  private static let table: [Float] = (0...4096).map { i in
    let x = Float(i) / 1024
    let y = x < 0.6 ? x : 0.6 + 0.4 * (1 - Math.exp(-(x - 0.6) / 0.4))
    return y <= 0.003_130_8 ? 12.92 * y : 1.055 * Math.pow(y, 1 / 2.4) - 0.055
  }

  @inline(__always) static func curve(_ x: Float) -> Float {
    let place = clamp(x, 0, 3.999) * 1024
    let i = Int(place)
    return table.withUnsafeBufferPointer { $0[i] + ($0[i &+ 1] - $0[i]) * (place - Float(i)) }
  }
}
