// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension PackedWeights {
  /// The weights (in, out, 3, 3) and bias (out) of a transposed convolution as those of a convolution to 4 * out channels,
  /// of which channel o*4 + dy*2 + dx makes the pixels (2y + dy, 2x + dx) of channel o.
  static func turn(
    _ layer: ConvolutionLayer, _ given: (weights: TensorView, bias: TensorView)
  ) throws(LiaeError) -> (weights: TensorView, bias: TensorView) {
    let inputs = layer.inputChannels, outputs = layer.outputChannels / 4
    let shape = [4 * outputs, inputs, 3, 3]
    guard given.weights.shape == [inputs, outputs, 3, 3], let count = CheckedSize.product(shape),
      let size = CheckedSize.product(count, 4)
    else {
      throw LiaeError(.internalError, "\(layer.name) of shape \(given.weights.shape) does not become \(shape)")
    }
    let source = try given.weights.alignedFloats()
    let weights = try Bytes.allocate(size, for: layer.name)
    let bias = try Bytes.allocate(16 * outputs, for: layer.name)
    defer { withExtendedLifetime(source) {} }
    let from = source.base.assumingMemoryBound(to: Float.self)
    let to = weights.base.assumingMemoryBound(to: Float.self)
    let biases = bias.base.assumingMemoryBound(to: Float.self)
    for o in 0..<outputs {
      for phase in 0..<4 {
        let channel = o * 4 + phase
        biases[channel] = given.bias[o]
        for y in 0..<3 {
          guard let row = TransposedTaps.tap(phase: phase / 2, place: y) else { continue }
          for x in 0..<3 {
            guard let column = TransposedTaps.tap(phase: phase % 2, place: x) else { continue }
            for c in 0..<inputs {
              to[(channel * inputs + c) * 9 + y * 3 + x] = from[(c * outputs + o) * 9 + row * 3 + column]
            }
          }
        }
      }
    }
    return (
      try TensorView(dtype: .float32, shape: shape, storage: weights),
      try TensorView(dtype: .float32, shape: [4 * outputs], storage: bias)
    )
  }
}
