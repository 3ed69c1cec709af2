// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// Flatten, pixel norm and the first dense layers of all latent modules.
final class DenseRowsStep: Step {
  private let dense: PackedDenseRows
  private let source: ActivationBuffer
  private let images: Int
  private let storage: Bytes
  /// Elements of the encoder's output, padding left out; nil without pixel norm.
  private let normCount: Int?
  /// (images, rows)
  let output: UnsafeMutablePointer<Float>
  private let input, scale: UnsafeMutablePointer<Float>
  var bytes: Int { storage.count }

  init(_ dense: PackedDenseRows, source: ActivationBuffer, images: Int, pixelNorm: Bool) throws(LiaeError) {
    (self.dense, self.source, self.images) = (dense, source, images)
    normCount = pixelNorm ? source.channels * source.side * source.side : nil
    let floats = images * (dense.length + roundUp(dense.rows, 16) + 16)
    storage = try Bytes.allocate(floats * 4, for: "the code of \(images) images")
    input = storage.base.assumingMemoryBound(to: Float.self)
    output = input + images * dense.length
    scale = output + images * dense.rows
    super.init(
      dense.name, algorithm: "rows", flops: 2 * Double(dense.rows * dense.length * images),
      multiplications: Double(dense.rows * dense.length * images), weightBytes: dense.bytes,
      when: { _ in true })
  }

  override func execute(_ state: RunState) {
    for image in 0..<images {
      let squares = state.kernels.flatten(
        source.view, image, source.blocks, source.side, input + image * dense.length, state.workspace.scratch(0))
      if let normCount { scale[image] = 1 / (squares / Float(normCount) + 1e-6).squareRoot() } else { scale[image] = 1 }
    }
    parallel((activeRows(state) + 3) / 4, state)
  }

  /// Without B the rows of inter_AB alone, which stand first.
  private func activeRows(_ state: RunState) -> Int { state.needs.codeB ? dense.rows : dense.rowsEach }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    var p = DenseRowsParameters(
      weights: dense.weights, element: dense.element.weightElement, bias: dense.bias, length: dense.length,
      input: UnsafePointer(input),
      scale: UnsafePointer(scale), output: output, outputStride: dense.rows, images: images)
    state.kernels.denseRows(&p, index * 4, min(index * 4 + 4, activeRows(state)), state.workspace.scratch(worker))
  }
}

/// The second dense layer of one latent module, into a picture.
final class DenseColumnsStep: Step {
  private let dense: PackedDenseColumns
  private let parameters: DenseColumnsParameters
  private static let vectorsPerTask = 16

  init(
    _ dense: PackedDenseColumns, input: UnsafePointer<Float>, inputStride: Int, target: ActivationView, images: Int,
    when condition: @escaping (Needs) -> Bool
  ) {
    self.dense = dense
    parameters = DenseColumnsParameters(
      weights: dense.weights, element: dense.element.weightElement, bias: dense.bias, length: dense.length,
      input: input, inputStride: inputStride,
      target: target, side: dense.side, images: images)
    super.init(
      dense.name, algorithm: "columns", flops: 2 * Double(dense.vectors * dense.length * dense.width * images),
      multiplications: Double(dense.vectors * dense.length * dense.width * images), weightBytes: dense.bytes,
      when: condition)
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

/// Makes [X, AB - X] of the codes where a decoder needs more than AB alone.
///
/// Images 0..<n of the buffer hold AB in their first half and become the main code; images n..<2n hold B and become the
/// code of the destination mask.
final class MixCodesStep: Step {
  private let code: ActivationBuffer
  private let images, half: Int

  init(_ code: ActivationBuffer, images: Int) {
    (self.code, self.images) = (code, images)
    half = code.view.plane * (code.blocks / 2)
    super.init("codes", when: { $0.codeB })
  }

  override func execute(_ state: RunState) { parallel(images, state) }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    // Borders are mixed too: zeros stay zeros.
    let main = code.start + index * code.imageFloats, destination = code.start + (images + index) * code.imageFloats
    if state.needs.contains(.destinationMask) {
      state.kernels.mixCodes(main, destination, 0, destination, destination + half, half)
    }
    if state.needs.main && state.needs.contains(.mixedCode) {
      state.kernels.mixCodes(main, destination, state.morph, main, main + half, half)
    }
  }
}

/// Sigmoid and, with `d`, depth-to-space of a head, into the picture.
final class HeadStep: Step {
  private let parameters: HeadParameters
  private let images: Int
  private static let rowsPerTask = 4

  init(
    _ name: String, source: ActivationView, side: Int, channels: Int, factor: Int, output: UnsafeMutablePointer<Float>,
    images: Int, when condition: @escaping (Needs) -> Bool
  ) {
    self.images = images
    parameters = HeadParameters(source: source, side: side, channels: channels, factor: factor, output: output)
    super.init(name, algorithm: "sigmoid", when: condition)
  }

  private var parts: Int { (parameters.side + Self.rowsPerTask - 1) / Self.rowsPerTask }
  override func execute(_ state: RunState) { parallel(images * parts, state) }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    var p = parameters
    let y = index % parts * Self.rowsPerTask
    state.kernels.headOutput(&p, index / parts, y, min(y + Self.rowsPerTask, p.side), state.workspace.scratch(worker))
  }
}
