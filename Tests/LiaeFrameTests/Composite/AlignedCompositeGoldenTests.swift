// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

@Suite(.golden("merge/cases.json")) struct AlignedCompositeGoldenTests {
  private func composited(_ face: CompositeFace, _ picture: Picture, _ options: CompositeOptions) throws -> [[UInt8]] {
    let result = try Picture(width: picture.width, height: picture.height, format: .bgrFloat)
    let mask = try Picture(width: picture.width, height: picture.height, format: .grayFloat)
    var compositor = try Compositor(Frame(picture.view), options: options)
    try compositor.add(face)
    try compositor.write(to: result.mutableView, mask: mask.mutableView)
    defer { withExtendedLifetime((picture, result, mask)) {} }
    return [Array(result.storage.raw), Array(mask.storage.raw)]
  }

  /// A face that brings the crop it was given is set in as one that is cut out again: the same bits, in every case of the
  /// golden merges. They have super resolution, which works at another side, faces at the frame's edge, and every type.
  @Test(arguments: MergeCase.all) func theCropIsTheOneOfTheComposite(_ test: MergeCase) throws {
    let options = try test.options()
    guard options.blend != .rawPredict else { return }
    let face = try #require(try test.faces(GoldenSet.chosen.arrays("merge/\(test.name)")).first)
    let picture = try MergeData.picture(test.frame)
    let placement = try FacePlacement(face.landmarks, type: face.type)
    let aligned = try Frame(picture.view).aligned(placement, side: face.rgb.width)
    var other = CompositeFace(aligned, rgb: face.rgb)
    (other.swapMask, other.destinationMask) = (face.swapMask, face.destinationMask)
    (other.xsegSwap, other.xsegDestination) = (face.xsegSwap, face.xsegDestination)
    (other.motion, other.enhanced, other.randomness) = (face.motion, face.enhanced, face.randomness)
    #expect(try composited(other, picture, options) == composited(face, picture, options))
  }

  /// One placement gives the transforms of all sizes and scales.
  @Test func oneFitGivesEveryTransform() throws {
    let landmarks = try MergeData.landmarks(#require(MergeCase.all.first?.landmarks.all.first))
    for type in FaceType.allCases {
      let placement = try FacePlacement(landmarks, type: type)
      for (size, scale) in [(64, 1.0), (256, 1), (64, 1.15), (300, 0.5)] {
        let expected = try faceTransform(landmarks, size: size, type: type, scale: scale)
        #expect(try placement.transform(size: size, scale: scale) == expected)
      }
    }
  }
}
