// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// The parameters of a filter response norm with its threshold.
package struct ResponseNormParameters {
  /// (channels) each.
  let weight, bias, tau: Parameter
  /// (1); its absolute value counts, so that it may be negative.
  let epsilon: Parameter

  package init(weight: Parameter, bias: Parameter, epsilon: Parameter, tau: Parameter) {
    (self.weight, self.bias, self.epsilon, self.tau) = (weight, bias, epsilon, tau)
  }

  fileprivate var isTrained: Bool { [weight, bias, tau, epsilon].contains(where: \.isTrained) }
}

extension Tape {
  /// max(x * s * weight + bias, tau) with s = 1 / sqrt(mean(x * x) + |epsilon|), the mean over the pixels of an image and
  /// channel, in double.
  ///
  /// - Throws: `outOfMemory`.
  package func responseNorm(_ x: Tensor, _ parameters: ResponseNormParameters) throws(LiaeError) -> Tensor {
    precondition(parameters.weight.count == x.channels && parameters.tau.count == x.channels)
    let norm = try ResponseNorm(engine, x, parameters)
    let y = try Tensor(
      engine, count: x.count, height: x.height, width: x.width, channels: x.channels,
      isDifferentiable: x.isDifferentiable || parameters.isTrained)
    norm.run(into: y.value)
    record(y) { () throws(LiaeError) in try norm.backward(try y.gradient()) }
    return y
  }
}

/// A filter response norm of a batch, with what its derivatives need.
private final class ResponseNorm {
  private let engine: Engine
  private let x: Tensor
  private let parameters: ResponseNormParameters
  /// Floats of a period and of a piece, and the pieces of an image.
  private let period, piece, pieces: Int
  /// 1 / sqrt(mean(x * x) + |epsilon|) of each image and channel.
  private var scales: [Double]
  /// Scale, bias, threshold and, in the backward pass, k of each image, repeated to whole periods of the channels.
  private let factors: Buffer
  private static let rows = 4

  /// Floats that are worked on at a time: a few of such pieces fit the first-level cache.
  private static let pieceFloats = 4096

  init(_ engine: Engine, _ x: Tensor, _ parameters: ResponseNormParameters) throws(LiaeError) {
    (self.engine, self.x, self.parameters) = (engine, x, parameters)
    var (a, b) = (x.channels, engine.kernels.width)
    while b != 0 { (a, b) = (b, a % b) }
    period = x.channels * (engine.kernels.width / a)
    piece = max(1, Self.pieceFloats / period) * period
    pieces = (x.stride + piece - 1) / piece
    scales = []
    factors = try engine.buffers.take(x.count * Self.rows * period)
    try measure()
  }

  deinit { engine.buffers.give(back: factors) }

  private func factors(_ image: Int) -> UnsafeMutablePointer<Float> { factors.floats + image * Self.rows * period }

  /// Calls `body(image, first float in the batch, floats, number of the piece)` for all pieces on all threads.
  private func parallel(_ body: (_ image: Int, _ from: Int, _ count: Int, _ index: Int) -> Void) {
    engine.parallel(x.count * pieces) { index in
      let image = index / pieces, from = index % pieces * piece
      body(image, image * x.stride + from, min(piece, x.stride - from), index)
    }
  }

  private func measure() throws(LiaeError) {
    let channels = x.channels, epsilon = Double(abs(parameters.epsilon.value[0]))
    try engine.withBuffer(2 * x.count * pieces * period) { memory throws(LiaeError) in
      memory.withMemoryRebound(to: Double.self, capacity: x.count * pieces * period) { sums in
        parallel { _, from, count, index in
          engine.kernels.channelSquares(x.value + from, count, period, sums + index * period)
        }
        for image in 0..<x.count {
          for c in 0..<channels {
            var sum = 0.0
            for i in 0..<pieces {
              for k in stride(from: c, to: period, by: channels) { sum += sums[(image * pieces + i) * period + k] }
            }
            scales.append(1 / (sum / Double(x.height * x.width) + epsilon).squareRoot())
          }
        }
      }
    }
    for image in 0..<x.count {
      let factors = factors(image)
      for i in 0..<period {
        let c = i % channels
        factors[i] = Float(scales[image * channels + c] * Double(parameters.weight.value[c]))
        factors[period + i] = parameters.bias.value[c]
        factors[2 * period + i] = parameters.tau.value[c]
      }
    }
  }

  func run(into y: UnsafeMutablePointer<Float>) {
    parallel { image, from, count, _ in
      engine.kernels.channelNorm(x.value + from, y + from, count, period, factors(image))
    }
  }

  /// Adds to the gradients of the parameters and of x.
  func backward(_ dy: UnsafeMutablePointer<Float>) throws(LiaeError) {
    let channels = x.channels, pixels = Double(x.height * x.width)
    try engine.withBuffer(3 * x.count * pieces * period) { sums throws(LiaeError) in
      parallel { image, from, count, index in
        engine.kernels.channelNormSums(
          x.value + from, dy + from, count, period, factors(image), sums + 3 * index * period)
      }
      let (weight, bias) = (parameters.weight.gradientToAdd(), parameters.bias.gradientToAdd())
      let (tau, epsilon) = (parameters.tau.gradientToAdd(), parameters.epsilon.gradientToAdd())
      var byMean = 0.0
      for image in 0..<x.count {
        for c in 0..<channels {
          var total = SIMD4<Double>()
          for i in 0..<pieces {
            let part = sums + 3 * (image * pieces + i) * period
            for k in stride(from: c, to: period, by: channels) {
              total += SIMD4(Double(part[k]), Double(part[period + k]), Double(part[2 * period + k]), 0)
            }
          }
          let scale = scales[image * channels + c]
          bias[c] += Float(total.x)
          weight[c] += Float(total.y * scale)
          tau[c] += Float(total.z)
          // The derivative by the mean of squares.
          let mean = -0.5 * total.y * Double(parameters.weight.value[c]) * scale * scale * scale
          byMean += mean
          let k = Float(2 * mean / pixels)
          for i in stride(from: c, to: period, by: channels) { factors(image)[3 * period + i] = k }
        }
      }
      let value = parameters.epsilon.value[0]
      epsilon[0] += Float(value > 0 ? byMean : value < 0 ? -byMean : 0)
    }
    guard x.isDifferentiable else { return }
    let gradient = try x.gradientToWrite()
    parallel { image, from, count, _ in
      engine.kernels.channelNormBack(
        x.value + from, dy + from, gradient.pointer + from, count, period, factors(image), !gradient.isFresh)
    }
  }
}
