// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels
import LiaeSystem

/// Sigmoid and, where the picture is shuffled, depth-to-space of a head, into the caller's picture.
final class HeadStep: Step {
  private let parameters: HeadParameters
  private let images: Int
  private static let rowsPerTask = 4

  /// - Parameter output: (images, side * factor, side * factor, channels)
  init(
    _ name: String, source: ActivationView, side: Int, channels: Int, factor: Int, output: UnsafeMutablePointer<Float>,
    images: Int, part: String
  ) {
    self.images = images
    parameters = HeadParameters(source: source, side: side, channels: channels, factor: factor, output: output)
    super.init(name, algorithm: "sigmoid", part: part)
  }

  private var parts: Int { (parameters.side + Self.rowsPerTask - 1) / Self.rowsPerTask }
  override func execute(_ state: RunState) { parallel(images * parts, state) }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    var p = parameters
    let y = index % parts * Self.rowsPerTask
    state.kernels.headOutput(&p, index / parts, y, min(y + Self.rowsPerTask, p.side), state.workspace.scratch(worker))
  }
}

/// The mask of a face: a 1x1 convolution to one channel and its sigmoid, into the caller's picture.
final class MaskHeadStep: Step {
  private let packed: PackedConvolution
  private let weights: Table<Float>
  private var parameters: MaskHeadParameters
  private let images: Int
  private static let rowsPerTask = 4

  /// - Parameters:
  ///   - packed: the weights of a plain sum.
  ///   - output: (images, side, side)
  init(
    _ name: String, _ packed: PackedConvolution, source: ActivationView, side: Int, output: UnsafeMutablePointer<Float>,
    images: Int, part: String
  ) {
    (self.packed, self.images) = (packed, images)
    let blocks = (packed.layer.inputChannels + packed.width - 1) / packed.width
    weights = Table([Float](repeating: 0, count: blocks * packed.width))
    parameters = MaskHeadParameters(
      source: source, side: side, blocks: blocks, weights: UnsafePointer(weights.pointer), bias: 0, output: output)
    let flops = packed.layer.flops * Double(images)
    super.init(
      name, algorithm: "direct", flops: flops, multiplications: flops / 2, weightBytes: packed.bytes, part: part)
  }

  private var parts: Int { (parameters.side + Self.rowsPerTask - 1) / Self.rowsPerTask }

  override func execute(_ state: RunState) {
    // Packed weights are checked when they are first used, so they are not read before. A row of them has one vector.
    for channel in 0..<packed.layer.inputChannels { weights.pointer[channel] = packed.weights[channel * packed.width] }
    parameters.bias = packed.bias[0]
    parallel(images * parts, state)
  }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    let y = index % parts * Self.rowsPerTask, end = min(y + Self.rowsPerTask, parameters.side)
    withUnsafePointer(to: parameters) {
      state.kernels.maskHead($0, index / parts, y, end, state.workspace.scratch(worker))
    }
  }
}
