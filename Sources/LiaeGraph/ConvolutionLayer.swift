// SPDX-License-Identifier: Apache-2.0

/// A convolution with its sizes, as kernels, planner and weight packing see it.
///
/// Its tensors are `NAME.weight` (out, in, k, k) and `NAME.bias` (out). With `depthToSpace`, which follows the activation,
/// output channel c*4 + dy*2 + dx becomes channel c of pixel (2y + dy, 2x + dx), as in PyTorch's `pixel_shuffle`.
package struct ConvolutionLayer: Sendable, Hashable {
  /// Layout of the input that the weights are packed for.
  package enum Source: Sendable, Hashable {
    /// Channel c is channel c.
    case channels
    /// The run's picture, whose channels are interleaved.
    case picture
    /// The halves [x ; y - x] of a code that the graph folds, or x alone: packed weights are [W1 + W2 ; W2].
    case halves
    /// Two values of which the second begins at a whole vector behind the channels of the first.
    case joined(first: Int)
  }

  package var name: String
  package var inputChannels, outputChannels: Int
  package var kernel: Int
  package var stride = 1
  /// Zero pixels added on every side of the input.
  package var padding: Int
  package var activation: Activation
  package var depthToSpace = false
  /// Pixels, without padding.
  package var inputSide: Int
  package var source = Source.channels

  package init(
    name: String, inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int,
    activation: Activation, depthToSpace: Bool = false, inputSide: Int
  ) {
    (self.name, self.inputChannels, self.outputChannels) = (name, inputChannels, outputChannels)
    (self.kernel, self.stride, self.padding, self.activation) = (kernel, stride, padding, activation)
    (self.depthToSpace, self.inputSide) = (depthToSpace, inputSide)
  }

  /// Input channels of each value that begins at a whole vector.
  package var inputParts: [Int] {
    switch source {
    case .channels, .picture: [inputChannels]
    case .halves: [inputChannels / 2, inputChannels / 2]
    case .joined(let first): [first, inputChannels - first]
    }
  }

  /// Pixels, before depth-to-space.
  package var outputSide: Int { (inputSide + 2 * padding - kernel) / stride + 1 }

  /// Number of multiplications and additions of the direct sum for one image.
  package var flops: Double {
    2 * Double(kernel * kernel * inputChannels * outputChannels) * Double(outputSide * outputSide)
  }
}

extension Graph {
  /// Returns the convolution that a node computes, with all input channels of its weights; nil for another operation
  /// and for a depth-to-space in DCR order, which kernels do not have.
  package func layer(_ node: Node) -> ConvolutionLayer? {
    guard let convolution = node.operation.convolution, convolution.depthToSpace != .dcr else { return nil }
    let input = shape(node.inputs[0])
    var layer = ConvolutionLayer(
      name: convolution.name, inputChannels: convolution.reading == .repeatedHalf ? 2 * input.channels : input.channels,
      outputChannels: convolution.outputChannels, kernel: convolution.kernel, stride: convolution.stride,
      padding: convolution.padding, activation: convolution.activation, depthToSpace: convolution.depthToSpace == .crd,
      inputSide: input.side)
    switch convolution.reading {
    case .repeatedHalf, .splitHalves: layer.source = .halves
    case .plain, .transposed:
      let before = self[node.inputs[0]]
      if before.operation == .input { layer.source = .picture }
      if before.operation == .concatenation, before.inputs.count == 2 {
        layer.source = .joined(first: shape(before.inputs[0]).channels)
      }
    }
    return layer
  }
}
