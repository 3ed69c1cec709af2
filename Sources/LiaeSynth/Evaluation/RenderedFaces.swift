// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSystem

/// Rendered faces and frames of one person in poses that no training set has, for demonstrations and benchmarks.
package final class RenderedFaces {
  package let destination: Head
  private let renderer: Renderer

  /// - Parameter width: of the frames, pixels; as `height` 16...4096.
  package init(width: Int = 400, height: Int = 400) throws(LiaeError) {
    destination = try Head(.b)
    renderer = try Renderer(width: width, height: height)
  }

  /// A frame of the destination, or of another head in its pose, expression and light.
  package func frame(_ number: Int, of head: Head? = nil) throws(LiaeError) -> RenderedFrame {
    var parameters = FrameParameters(index: number, seed: 0x64_656d_6f, purpose: .evaluation)
    // Nearer than in a faceset: it is the face that is looked at.
    parameters.span *= 0.8
    return try renderer.render(head ?? destination, parameters)
  }

  /// The aligned face of a frame, as a model of that face type is given it.
  package func face(_ number: Int, type: FaceType = .whole, side: Int) throws(LiaeError) -> Picture {
    try SyntheticFace(frame(number), type: type, size: side).picture
  }
}
