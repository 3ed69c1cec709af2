// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// One pose of evaluation at a network's resolution: what a swap is given, and what it should give back.
package struct SwapCase: Sendable {
  /// Colours and face mask of a crop.
  package struct Crop: @unchecked Sendable {
    package let colors: ColorCanvas
    package let mask: MaskCanvas
  }

  /// The destination's face.
  package let destination: Crop
  /// The source person with the same parameters, cut out by the destination's landmarks: the true swap.
  package let truth: Crop
  /// The source person, cut out by the source's own landmarks, as a faceset has it.
  package let source: Crop
}

/// Renders cases of a source and a destination person. One thread uses it at a time; several share the heads.
package final class SwapCases {
  private let source, destination: Head
  private let renderer: Renderer
  private let type: FaceType
  private let resolution: Int
  private let seed: UInt64

  /// - Parameters:
  ///   - resolution: the network's, pixels.
  ///   - seed: of the parameters. None of them occurs in training.
  package init(source: Head, destination: Head, type: FaceType, resolution: Int, seed: UInt64) throws(LiaeError) {
    (self.source, self.destination, self.type) = (source, destination, type)
    (self.resolution, self.seed) = (resolution, seed)
    // Frames as `liae-train synth` renders them.
    renderer = try Renderer(width: 400, height: 400)
  }

  package func make(_ index: Int) throws(LiaeError) -> SwapCase {
    let parameters = FrameParameters(index: index, seed: seed, purpose: .evaluation)
    let destinationFrame = try renderer.render(destination, parameters)
    let sourceFrame = try renderer.render(source, parameters)
    let face = try SyntheticFace(destinationFrame, type: type, size: size)
    return SwapCase(
      destination: try crop(face),
      truth: try crop(SyntheticFace(sourceFrame, type: type, size: size, matrix: face.matrix)),
      source: try crop(SyntheticFace(sourceFrame, type: type, size: size)))
  }

  /// A face of the source from training.
  package func trainingFace(_ index: Int) throws(LiaeError) -> ColorCanvas {
    let parameters = FrameParameters(index: index, seed: seed, purpose: .training, person: source.identity.name)
    return try crop(SyntheticFace(renderer.render(source, parameters), type: type, size: size)).colors
  }

  /// The side of a crop before it is brought to the resolution: that of a faceset.
  private var size: Int { max(256, resolution) }

  /// Crops the face and resizes it as the trainer does.
  private func crop(_ face: SyntheticFace) throws(LiaeError) -> SwapCase.Crop {
    defer { withExtendedLifetime(face) {} }
    let colors = try ColorCanvas(reading: face.picture.view)
      .resized(width: resolution, height: resolution, interpolation: .cubic)
    colors.clamp()
    let mask = try MaskCanvas(reading: face.mask.view)
      .resized(width: resolution, height: resolution, interpolation: .linear)
    return SwapCase.Crop(colors: colors, mask: mask)
  }
}
