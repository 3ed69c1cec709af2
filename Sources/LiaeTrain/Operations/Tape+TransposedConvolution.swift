// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

extension Tape {
  /// Transposed convolution, bias and leaky ReLU, to `stride` times the side: TensorFlow's `conv2d_transpose` with SAME.
  ///
  /// It is what a convolution of the result with the same kernel, `stride` and TensorFlow's SAME padding does backwards,
  /// and its own way backwards is that convolution.
  ///
  /// - Parameters:
  ///   - weight: (kernel, kernel, out, in).
  ///   - slope: of the leaky ReLU; 1 is none.
  /// - Throws: `outOfMemory`.
  package func transposedConvolution(
    _ x: Tensor, weight: Parameter, bias: Parameter, kernel: Int, stride: Int, slope: Float
  ) throws(LiaeError) -> Tensor {
    let channels = bias.count
    precondition(weight.count == kernel * kernel * channels * x.channels)
    let shape = ConvolutionShape(
      count: x.count, inputHeight: x.height * stride, inputWidth: x.width * stride, inputChannels: channels,
      outputChannels: x.channels, kernel: kernel, stride: stride, padding: max(0, kernel - stride) / 2,
      outputHeight: x.height, outputWidth: x.width, depthToSpace: false)
    let convolution = PatchConvolution(shape)
    let y = try Tensor(
      engine, count: x.count, height: shape.inputHeight, width: shape.inputWidth, channels: channels,
      isDifferentiable: x.isDifferentiable || weight.isTrained)
    try convolution.backward(
      engine, x: y.value, weight: weight.value, y: x.value, dy: x.value, slope: 1,
      dx: Gradient(pointer: y.value, isFresh: true), dw: nil, db: nil)
    let rows = y.elements / channels
    let epilogue = TrainingEpilogue(bias: UnsafePointer(bias.value), residual: nil, slope: slope)
    engine.parallel(elements: rows, piece: 4096) { from, count in
      withUnsafePointer(to: epilogue) { engine.kernels.finishRows($0, y.value + from * channels, count, channels) }
    }
    record(y) { [engine] () throws(LiaeError) in
      let dy = try y.gradient()
      engine.leakyBack(dy, y.value, slope, y.elements)
      if weight.isTrained {
        try engine.addColumnSums(dy, rows: rows, columns: channels, to: bias.gradientToAdd())
        try convolution.backward(
          engine, x: dy, weight: weight.value, y: x.value, dy: x.value, slope: 1, dx: nil,
          dw: weight.gradientToWrite(), db: nil)
      }
      guard x.isDifferentiable else { return }
      let plain = TrainingEpilogue(bias: nil, residual: nil, slope: 1)
      let gradient = try x.gradientToWrite(), dx = gradient.pointer
      if gradient.isFresh {
        try convolution.forward(engine, x: dy, weight: weight.value, plain, y: dx)
      } else {
        try engine.withBuffer(x.elements) { part throws(LiaeError) in
          try convolution.forward(engine, x: dy, weight: weight.value, plain, y: part)
          try x.add(gradient: part)
        }
      }
    }
    return y
  }
}
