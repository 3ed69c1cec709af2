// SPDX-License-Identifier: Apache-2.0

extension Reference {
  /// out[o] = b[o] + sum over i of in[i] * w[o,i].
  ///
  /// Shapes: input (I), weights (O,I), bias (O), output (O). Sums in Double.
  package static func dense(
    inputs: Int, outputs: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>
  ) {
    for o in 0..<outputs {
      let row = weights + o * inputs
      var sum = Double(bias[o])
      for i in 0..<inputs { sum += Double(input[i]) * Double(row[i]) }
      output[o] = Float(sum)
    }
  }
}
