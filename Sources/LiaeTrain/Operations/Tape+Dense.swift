// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Tape {
  /// x W + b of (count, in) to (count, 1, 1, out), W (in, out).
  ///
  /// - Throws: `outOfMemory`.
  package func dense(_ x: Tensor, weight: Parameter, bias: Parameter) throws(LiaeError) -> Tensor {
    let inputs = x.stride, outputs = weight.count / inputs, count = x.count
    precondition(weight.count == inputs * outputs && bias.count == outputs)
    let y = try Tensor(
      engine, count: count, channels: outputs, isDifferentiable: x.isDifferentiable || weight.isTrained)
    engine.denseProduct(
      Matrix(values: x.value, stride: inputs), Matrix(values: weight.value, stride: outputs), rows: count,
      columns: outputs, inner: inputs, adding: false, into: y.value, stride: outputs)
    for i in 0..<count { engine.kernels.addScaled(bias.value, 1, y.value + i * outputs, outputs) }
    record(y) { [engine] () throws(LiaeError) in
      let dy = Matrix(values: try y.gradient(), stride: outputs)
      if weight.isTrained {
        let dw = weight.gradientToWrite()
        engine.denseProduct(
          Matrix(values: x.value, stride: inputs, isTransposed: true), dy, rows: inputs, columns: outputs, inner: count,
          adding: !dw.isFresh, into: dw.pointer, stride: outputs)
        engine.kernels.columnSums(dy.values, count, outputs, bias.gradientToAdd())
      }
      if x.isDifferentiable {
        let dx = try x.gradientToWrite()
        engine.denseProduct(
          dy, Matrix(values: weight.value, stride: outputs, isTransposed: true), rows: count, columns: inputs,
          inner: outputs, adding: !dx.isFresh, into: dx.pointer, stride: inputs)
      }
    }
    return y
  }

  /// x / sqrt(mean(x^2) + 1e-6) of each of `count`: the `u` of an architecture.
  ///
  /// - Throws: `outOfMemory`.
  package func pixelNorm(_ x: Tensor) throws(LiaeError) -> Tensor {
    let n = x.stride
    let y = try Tensor(
      engine, count: x.count, height: x.height, width: x.width, channels: x.channels,
      isDifferentiable: x.isDifferentiable)
    var factors: [Float] = []
    for i in 0..<x.count {
      // Sums in pieces keep their digits.
      var sum: Double = 0
      do {
        let scratch = engine.scratch(0)
        for from in stride(from: 0, to: n, by: 4096) {
          sum += Double(engine.kernels.squares(x.value + i * n + from, min(4096, n - from), scratch))
        }
      }
      let factor = Float(1 / (sum / Double(n) + 1e-6).squareRoot())
      factors.append(factor)
      (y.value + i * n).update(repeating: 0, count: n)
      engine.kernels.addScaled(x.value + i * n, factor, y.value + i * n, n)
    }
    record(y) { [engine] () throws(LiaeError) in
      let dy = try y.gradient(), dx = try x.gradient()
      for i in 0..<x.count {
        // dx = f dy - f^3 x (x . dy) / n
        var dot: Double = 0
        for j in i * n..<(i + 1) * n { dot += Double(x.value[j] * dy[j]) }
        let f = factors[i]
        engine.kernels.addScaled(dy + i * n, f, dx + i * n, n)
        engine.kernels.addScaled(x.value + i * n, -f * f * f * Float(dot / Double(n)), dx + i * n, n)
      }
    }
    return y
  }
}
