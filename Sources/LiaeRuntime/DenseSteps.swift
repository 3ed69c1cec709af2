// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeConvolution
import LiaeKernels
import LiaeSystem
import LiaeTensor

/// Flattening, pixel norm and the dense layers that read a picture.
final class DenseRowsStep: Step {
  private let dense: PackedDenseRows
  private let source: ActivationView
  private let channels, side, images, rows: Int
  private let normalises: Bool
  /// (images, length), (images) and (images, rows); the first two are the step's own.
  private let input, scale, output: UnsafeMutablePointer<Float>
  private let weights: UnsafeRawPointer
  private let bias: UnsafePointer<Float>

  /// - Parameters:
  ///   - first: the first row of the matrix that is read.
  ///   - scratch: `scratchFloats` of memory for this step alone.
  init(
    _ dense: PackedDenseRows, first: Int, layer: Dense, input shape: Shape, source: ActivationView, images: Int,
    scratch: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>, part: String
  ) {
    (self.dense, self.source, self.images, rows) = (dense, source, images, layer.outputs)
    (channels, side, normalises) = (shape.channels, shape.side, layer.pixelNorm)
    (input, scale, self.output) = (scratch, scratch + images * dense.length, output)
    weights = dense.weights + first * dense.length * dense.element.size
    bias = dense.bias + first
    let count = Double(rows * dense.length * images)
    super.init(
      layer.name, algorithm: "rows", flops: 2 * count, multiplications: count,
      weightBytes: dense.bytes / dense.rows * rows, part: part)
  }

  /// Floats of scratch memory of a step over some images; nil where they do not fit in the address space.
  static func scratchFloats(_ dense: PackedDenseRows, images: Int) -> Int? {
    CheckedSize.product(images, dense.length + 1)
  }

  override func execute(_ state: RunState) {
    let blocks = ActivationBuffer.blocks(channels, state.kernels.width)
    for image in 0..<images {
      let squares = state.kernels.flatten(
        source, image, blocks, side, input + image * dense.length, state.workspace.scratch(0))
      // The padding of channels to whole vectors does not count.
      let count = channels * side * side
      scale[image] = normalises ? 1 / (squares / Float(count) + 1e-6).squareRoot() : 1
    }
    parallel((rows + 3) / 4, state)
  }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    var p = DenseRowsParameters(
      weights: weights, element: dense.element.weightElement, bias: bias, length: dense.length,
      input: UnsafePointer(input), scale: UnsafePointer(scale), output: output, outputStride: rows, images: images)
    state.kernels.denseRows(&p, index * 4, min(index * 4 + 4, rows), state.workspace.scratch(worker))
  }
}

/// A dense layer whose output is a picture.
final class DenseColumnsStep: Step {
  private let dense: PackedDenseColumns
  private let parameters: DenseColumnsParameters
  private static let vectorsPerTask = 16

  /// - Parameters:
  ///   - input: the numbers of the first image; those of the next stand `inputStride` on.
  init(
    _ dense: PackedDenseColumns, input: UnsafePointer<Float>, inputStride: Int, target: ActivationView, images: Int,
    part: String
  ) {
    self.dense = dense
    parameters = DenseColumnsParameters(
      weights: dense.weights, element: dense.element.weightElement, bias: dense.bias, length: dense.length,
      input: input, inputStride: inputStride,
      target: target, side: dense.side, images: images)
    super.init(
      dense.name, algorithm: "columns", flops: 2 * Double(dense.vectors * dense.length * dense.width * images),
      multiplications: Double(dense.vectors * dense.length * dense.width * images), weightBytes: dense.bytes,
      part: part)
  }

  override func execute(_ state: RunState) {
    parallel((dense.vectors + Self.vectorsPerTask - 1) / Self.vectorsPerTask, state)
  }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    var p = parameters
    let from = index * Self.vectorsPerTask
    state.kernels.denseColumns(&p, from, min(from + Self.vectorsPerTask, dense.vectors))
  }
}
