// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

extension Tape {
  /// Convolution, bias, residual, leaky ReLU and depth-to-space in one.
  ///
  /// - Parameters:
  ///   - weight: (kernel, kernel, in, out).
  ///   - slope: of the leaky ReLU; 1 is none.
  ///   - residual: added before the activation; of the result's shape.
  /// - Throws: `outOfMemory`.
  package func convolution(
    _ x: Tensor, weight: Parameter, bias: Parameter?, kernel: Int, stride: Int = 1, padding: Padding, slope: Float = 1,
    residual: Tensor? = nil, depthToSpace: Bool = false
  ) throws(LiaeError) -> Tensor {
    let outputChannels = weight.count / (kernel * kernel * x.channels)
    precondition(weight.count == kernel * kernel * x.channels * outputChannels)
    func side(_ input: Int) -> Int {
      switch padding {
      case .valid: (input - kernel) / stride + 1
      case .same: (input + stride - 1) / stride
      case .around(let pixels): (input + 2 * pixels - kernel) / stride + 1
      }
    }
    let before: Int
    switch padding {
    case .valid: before = 0
    case .same(let pixels), .around(let pixels): before = pixels
    }
    let shape = ConvolutionShape(
      count: x.count, inputHeight: x.height, inputWidth: x.width, inputChannels: x.channels,
      outputChannels: outputChannels, kernel: kernel, stride: stride, padding: before, outputHeight: side(x.height),
      outputWidth: side(x.width), depthToSpace: depthToSpace)
    guard weight.layout == shape.layout else {
      throw LiaeError(.internalError, "\(weight.name) is laid out for another convolution")
    }
    let y = try Tensor(
      engine, count: x.count, height: shape.resultHeight, width: shape.resultWidth, channels: shape.resultChannels,
      isDifferentiable: x.isDifferentiable || weight.isTrained || residual?.isDifferentiable ?? false)
    let convolution = engine.method(shape)
    let epilogue = TrainingEpilogue(
      bias: bias.map { UnsafePointer($0.value) }, residual: residual.map { UnsafePointer($0.value) }, slope: slope)
    let name = weight.name.hasSuffix(".weight") ? String(weight.name.dropLast(7)) : weight.name
    engine.profile?.begin(name, method: convolution.name, multiplications: convolution.multiplications)
    try convolution.forward(engine, x: x.value, weight: weight.value, epilogue, y: y.value)
    record(y) { [engine] () throws(LiaeError) in
      let dy = try y.gradient()
      let dx = x.isDifferentiable ? try x.gradientToWrite() : nil
      let dw = weight.isTrained ? weight.gradientToWrite() : nil
      let db = weight.isTrained ? bias?.gradientToAdd() : nil
      engine.profile?.begin(name, method: convolution.name, multiplications: convolution.multiplications)
      try convolution.backward(
        engine, x: x.value, weight: weight.value, y: y.value, dy: dy, slope: slope, dx: dx, dw: dw, db: db)
      // The sum's derivative is the residual's too.
      guard let residual, residual.isDifferentiable else { return }
      if residual.hasGradient { try residual.add(gradient: dy) } else { y.moveGradient(to: residual) }
    }
    return y
  }
}
