// SPDX-License-Identifier: Apache-2.0

extension Reference {
  /// out[o, 2y+i, 2x+j] = b[o] + sum over c, y, x of in[c,y,x] * w[c,o,i,j] for i, j = 0, 1, 2, without what lies past
  /// (2 * side, 2 * side).
  ///
  /// Shapes: input (C,S,S), weights (C,O,3,3), bias (O), output (O,2S,2S).
  /// Numerics: products and sums in Double; one rounding to Float at the end.
  package static func transposedConv2D(
    inputChannels: Int, outputChannels: Int, side: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    var out = output
    for o in 0..<outputChannels {
      for y in 0..<2 * side {
        for x in 0..<2 * side {
          var sum = Double(bias[o])
          // y = 2 * row + i.
          for i in stride(from: y % 2, to: 3, by: 2) where y >= i {
            for j in stride(from: x % 2, to: 3, by: 2) where x >= j {
              for c in 0..<inputChannels {
                sum +=
                  Double(input[(c * side + (y - i) / 2) * side + (x - j) / 2])
                  * Double(weights[(c * outputChannels + o) * 9 + i * 3 + j])
              }
            }
          }
          out.pointee = Float(sum)
          out += 1
        }
      }
    }
  }
}
