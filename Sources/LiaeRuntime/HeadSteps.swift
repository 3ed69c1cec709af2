// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels
import LiaeSystem

/// Writes pictures that the caller gets; a task is some rows of one image.
class OutputStep: Step {
  private let side, images: Int
  private static let rowsPerTask = 4
  private var parts: Int { (side + Self.rowsPerTask - 1) / Self.rowsPerTask }

  /// - Parameter side: rows of the source.
  init(
    _ name: String, algorithm: String, multiplications: Double = 0, weightBytes: Int = 0, side: Int, images: Int,
    part: String
  ) {
    (self.side, self.images) = (side, images)
    super.init(
      name, algorithm: algorithm, flops: 2 * multiplications, multiplications: multiplications,
      weightBytes: weightBytes, part: part)
  }

  override func execute(_ state: RunState) { parallel(images * parts, state) }

  override final func task(_ index: Int, _ worker: Int, _ state: RunState) {
    let y = index % parts * Self.rowsPerTask
    write(index / parts, rows: y..<min(y + Self.rowsPerTask, side), worker, state)
  }

  func write(_ image: Int, rows: Range<Int>, _ worker: Int, _ state: RunState) {}
}

/// Sigmoid and, where the picture is shuffled, depth-to-space of a head, into the caller's picture.
final class HeadStep: OutputStep {
  private let parameters: HeadParameters

  /// - Parameter output: (images, side * factor, side * factor, channels)
  init(
    _ name: String, source: ActivationView, side: Int, channels: Int, factor: Int, output: UnsafeMutablePointer<Float>,
    images: Int, part: String
  ) {
    parameters = HeadParameters(source: source, side: side, channels: channels, factor: factor, output: output)
    super.init(name, algorithm: "sigmoid", side: side, images: images, part: part)
  }

  override func write(_ image: Int, rows: Range<Int>, _ worker: Int, _ state: RunState) {
    withUnsafePointer(to: parameters) {
      state.kernels.headOutput($0, image, rows.lowerBound, rows.upperBound, state.workspace.scratch(worker))
    }
  }
}

/// The mask of a face: a convolution to one channel and its sigmoid, into the caller's picture.
final class MaskHeadStep: OutputStep {
  private let weights: MaskHeadWeights
  private var parameters: MaskHeadParameters

  /// - Parameters:
  ///   - packed: the weights of a plain sum.
  ///   - output: (images, side, side)
  init(
    _ name: String, _ packed: PackedConvolution, source: ActivationView, side: Int, output: UnsafeMutablePointer<Float>,
    images: Int, part: String
  ) {
    weights = MaskHeadWeights(packed)
    parameters = MaskHeadParameters(
      source: source, side: side, kernel: packed.layer.kernel, blocks: weights.blocks, weights: weights.pointer,
      bias: 0,
      output: output)
    super.init(
      name, algorithm: packed.algorithm.name,
      multiplications: Work(packed.layer, packed.algorithm).multiplications * Double(images),
      weightBytes: packed.bytes, side: side, images: images, part: part)
  }

  override func execute(_ state: RunState) {
    weights.load()
    parameters.bias = weights.bias
    super.execute(state)
  }

  override func write(_ image: Int, rows: Range<Int>, _ worker: Int, _ state: RunState) {
    withUnsafePointer(to: parameters) {
      state.kernels.maskHead($0, image, rows.lowerBound, rows.upperBound, state.workspace.scratch(worker))
    }
  }
}
