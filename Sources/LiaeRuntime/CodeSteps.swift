// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// Makes the halves [x ; y - x] of a code, x being the first input or, where the run morphs, lerp(first, y, morph).
final class SplitHalvesStep: Step {
  private let first, second, target: ActivationBuffer
  private let images: Int
  private let morphs: Bool

  init(
    _ name: String, first: ActivationBuffer, second: ActivationBuffer, target: ActivationBuffer, images: Int,
    morphs: Bool, part: String
  ) {
    (self.first, self.second, self.target) = (first, second, target)
    (self.images, self.morphs) = (images, morphs)
    super.init(name, part: part)
  }

  override func execute(_ state: RunState) { parallel(images, state) }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    // Borders are mixed too: zeros stay zeros.
    let half = target.imageFloats / 2, x = target.start + index * target.imageFloats
    state.kernels.mixCodes(
      second.start + index * second.imageFloats, first.start + index * first.imageFloats, morphs ? state.morph : 0, x,
      x + half, half)
  }
}

/// Takes the first channels of one code and the rest of another.
///
/// The number of channels is trunc(C * morph), the product in float32 as DeepFaceLab's graphs have it.
final class MixChannelsStep: Step {
  private let first, rest, target: ActivationBuffer
  private let images: Int

  init(
    _ name: String, first: ActivationBuffer, rest: ActivationBuffer, target: ActivationBuffer, images: Int, part: String
  ) {
    (self.first, self.rest, self.target, self.images) = (first, rest, target, images)
    super.init(name, part: part)
  }

  override func execute(_ state: RunState) { parallel(images * target.blocks, state) }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    let image = index / target.blocks, block = index % target.blocks, width = target.width
    let plane = target.view.plane
    func start(_ buffer: ActivationBuffer) -> UnsafeMutablePointer<Float> {
      buffer.start + image * buffer.imageFloats + block * plane
    }
    // Whole planes, borders included: zeros stay zeros.
    let taken = Int(Float(target.grid.channels) * state.morph) - block * width
    start(target).update(from: start(taken >= width ? first : rest), count: plane)
    guard taken > 0, taken < width else { return }
    let (from, to) = (start(first), start(target))
    for pixel in stride(from: 0, to: plane, by: width) {
      for lane in 0..<taken { to[pixel + lane] = from[pixel + lane] }
    }
  }
}
