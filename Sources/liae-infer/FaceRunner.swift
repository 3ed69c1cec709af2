// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor

/// Where the results of one image go; nil is not computed.
struct FaceTarget {
  var rgb: MutableImageView?
  var mask: MutableImageView?
  var destinationMask: MutableImageView?
}

/// The results of one image as float pictures: colours in the model's order, masks gray.
struct FaceResult {
  var rgb: Picture
  var mask: Picture
  var destinationMask: Picture?

  var target: FaceTarget {
    FaceTarget(
      rgb: rgb.mutableView, mask: mask.mutableView, destinationMask: destinationMask?.mutableView)
  }
}

/// A model ready to run one image after the other in one mode.
final class FaceRunner {
  let architecture: Architecture
  let context: Context
  let mode: RunMode
  /// Float pixels in the model's colour order: values go in and out as they are.
  let format: PixelFormat

  /// - Throws: also `unsupported` where the model cannot run in `mode`.
  init(_ plan: Plan, compute: ComputeArguments, mode: RunMode) throws(LiaeError) {
    architecture = plan.architecture
    if case .morph = mode, architecture.family == .df {
      throw LiaeError(.unsupported, "--morph: a \(architecture.name) model has one code only and cannot morph")
    }
    if mode == .reconstructDestination, plan.info.lacksDestinationPicture {
      throw LiaeError(
        .unsupported,
        "--mode dst: this checkpoint holds the destination decoder's mask alone, as exported df models do; its picture "
          + "needs the DeepFaceLab files")
    }
    self.mode = mode
    format = plan.info.colorOrder == .bgr ? .bgrFloat : .rgbFloat
    context = try compute.context(plan)
  }

  /// Side of the pictures that go in.
  var side: Int { architecture.resolution }

  func makeResult(destinationMask: Bool) throws(LiaeError) -> FaceResult {
    let (rgbSide, maskSide) = (architecture.rgbSide, architecture.maskSide)
    return FaceResult(
      rgb: try Picture(width: rgbSide, height: rgbSide, format: format),
      mask: try Picture(width: maskSide, height: maskSide, format: .grayFloat),
      destinationMask: destinationMask ? try Picture(width: maskSide, height: maskSide, format: .grayFloat) : nil)
  }

  func run(_ input: ImageView, into target: FaceTarget) throws(LiaeError) {
    try run(mode, input, into: target)
  }

  func run(_ mode: RunMode, _ input: ImageView, into target: FaceTarget) throws(LiaeError) {
    try context.run(mode, input, rgb: target.rgb, mask: target.mask, destinationMask: target.destinationMask)
  }
}
