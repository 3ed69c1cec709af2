// SPDX-License-Identifier: Apache-2.0

/// The operations of the network, one in each file, over row-major (C,H,W) values of one image.
///
/// Sizes are not checked: `ReferenceNetwork` takes them from a graph, which has checked them. Outputs do not alias inputs
/// except where a function says so.
package enum Reference {
  /// Sizes of one convolution, in elements.
  package struct Conv2DShape: Sendable {
    package var inputChannels, outputChannels: Int
    package var inputHeight, inputWidth: Int
    package var kernel, stride, padding: Int

    package init(
      inputChannels: Int, outputChannels: Int, inputHeight: Int, inputWidth: Int, kernel: Int, stride: Int = 1,
      padding: Int
    ) {
      (self.inputChannels, self.outputChannels) = (inputChannels, outputChannels)
      (self.inputHeight, self.inputWidth) = (inputHeight, inputWidth)
      (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
    }

    package var outputHeight: Int { (inputHeight + 2 * padding - kernel) / stride + 1 }
    package var outputWidth: Int { (inputWidth + 2 * padding - kernel) / stride + 1 }
  }

  /// out[o,y,x] = b[o] + sum over c,ky,kx of in[c, y*s+ky-p, x*s+kx-p] * w[o,c,ky,kx], zero outside the input.
  ///
  /// Shapes: input (C,H,W), weights (O,C,K,K), bias (O), output (O,H',W').
  /// Numerics: products and sums in Double, in the order c, ky, kx; one rounding to Float at the end.
  package static func conv2d(
    _ shape: Conv2DShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>
  ) {
    let (height, width, k) = (shape.inputHeight, shape.inputWidth, shape.kernel)
    var out = output
    for o in 0..<shape.outputChannels {
      for y in 0..<shape.outputHeight {
        for x in 0..<shape.outputWidth {
          var sum = Double(bias[o])
          for c in 0..<shape.inputChannels {
            let plane = input + c * height * width
            let w = weights + (o * shape.inputChannels + c) * k * k
            for ky in 0..<k {
              let row = y * shape.stride + ky - shape.padding
              if row < 0 || row >= height { continue }
              for kx in 0..<k {
                let column = x * shape.stride + kx - shape.padding
                if column < 0 || column >= width { continue }
                sum += Double(plane[row * width + column]) * Double(w[ky * k + kx])
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
