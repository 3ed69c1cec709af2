// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor

/// The memory for the results of one image; nil is not computed.
package struct FaceTarget {
  package var rgb: MutableImageView?
  package var mask: MutableImageView?
  package var destinationMask: MutableImageView?
}

/// The results of one image as float pictures: colours in the model's order, masks gray.
package struct FaceResult {
  /// nil: the model returns a mask alone.
  package var rgb: Picture?
  package var mask: Picture
  package var destinationMask: Picture?

  package var target: FaceTarget {
    FaceTarget(
      rgb: rgb?.mutableView, mask: mask.mutableView, destinationMask: destinationMask?.mutableView)
  }
}

extension Plan {
  /// The mode that the model runs in unless another is asked for.
  package var usualMode: RunMode { segments ? .segment : .swap }

  /// - Throws: `unsupported` where the model cannot run in `mode`, by the names of the programs' options.
  func checkRunnable(_ mode: RunMode) throws(LiaeError) {
    if mode == .segment { try requireSegmenting() } else { try requireSwapping() }
    if case .morph = mode, !graph.canMorph {
      throw LiaeError(.unsupported, "--morph: a \(architecture.name) model has one code only and cannot morph")
    }
    if mode == .reconstructDestination, info.lacksDestinationPicture {
      throw LiaeError(
        .unsupported,
        "--mode dst: this checkpoint holds the destination decoder's mask alone, as exported df models do; its picture "
          + "needs the DeepFaceLab files")
    }
  }
}

/// A model that runs one aligned face after the other in one mode.
package final class FaceRunner {
  package let architecture: Architecture
  package let context: Context
  private let mode: RunMode
  /// Float pixels in the model's colour order: values go in and out as they are.
  package let format: PixelFormat

  /// - Parameters:
  ///   - threads: of a run; 0: one for each processor.
  ///   - batch: faces that are computed together.
  /// - Throws: `unsupported` where the model cannot run in `mode`; `outOfMemory`, `threadFailure`.
  package init(_ plan: Plan, threads: Int, mode: RunMode, batch: Int = 1) throws(LiaeError) {
    architecture = plan.architecture
    try plan.checkRunnable(mode)
    self.mode = mode
    format = plan.info.colorOrder == .bgr ? .bgrFloat : .rgbFloat
    var options = ContextOptions()
    (options.threads, options.maxBatch) = (threads, batch)
    context = try Context(plan: plan, options: options)
  }

  /// Side of the pictures that go in.
  package var side: Int { architecture.resolution }

  package func makeResult(destinationMask: Bool) throws(LiaeError) -> FaceResult {
    let (rgbSide, maskSide) = (architecture.rgbSide, architecture.maskSide)
    return FaceResult(
      rgb: context.plan.segments ? nil : try Picture(width: rgbSide, height: rgbSide, format: format),
      mask: try Picture(width: maskSide, height: maskSide, format: .grayFloat),
      destinationMask: destinationMask ? try Picture(width: maskSide, height: maskSide, format: .grayFloat) : nil)
  }

  package func run(_ input: ImageView, into target: FaceTarget) throws(LiaeError) {
    try run(mode, input, into: target)
  }

  /// Computes several faces. All targets ask for the same.
  package func run(_ inputs: [ImageView], into targets: [FaceTarget]) throws(LiaeError) {
    try context.run(
      mode, inputs, rgb: targets.compactMap(\.rgb), mask: targets.compactMap(\.mask),
      destinationMask: targets.compactMap(\.destinationMask))
  }

  package func run(_ mode: RunMode, _ input: ImageView, into target: FaceTarget) throws(LiaeError) {
    try context.run(mode, input, rgb: target.rgb, mask: target.mask, destinationMask: target.destinationMask)
  }
}
