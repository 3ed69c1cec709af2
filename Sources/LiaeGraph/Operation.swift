// SPDX-License-Identifier: Apache-2.0

/// An activation function.
package enum Activation: Sendable, Hashable {
  case none
  /// A leaky ReLU: x, and slope * x for negative x.
  case leaky(Float)
  /// x cos x.
  case cosine
}

/// The order of the input channels of a depth-to-space: which of them becomes channel c, of C, of the pixel (2y + dy,
/// 2x + dx).
package enum ShuffleOrder: Sendable, Hashable {
  /// Channel c*4 + dy*2 + dx: column, row, depth, as in PyTorch's `pixel_shuffle`.
  case crd
  /// Channel (dy*2 + dx)*C + c: depth, column, row, the default of TensorFlow and ONNX.
  case dcr
}

/// A convolution with bias, or several convolutions of the same input whose output channels follow one another.
package struct Convolution: Sendable, Hashable {
  /// Weights that the convolution applies to its input.
  package enum Reading: Sendable, Hashable {
    /// The weights of the layers, W.
    case plain
    /// W1 + W2, where W1 and W2 are W for the first and the second half of its input channels: the input is x, and the
    /// result that of concat(x, x).
    case repeatedHalf
    /// [W1 + W2 ; W2]: the input is [x ; y - x], and the result that of concat(x, y).
    case splitHalves
    /// The weights of a transposed convolution of stride 2, turned into four kernels for each output channel, one for
    /// each pixel of a depth-to-space that follows.
    case transposed
  }

  /// Names of the layers, each with the tensors `NAME.weight` (out, in, k, k) and `NAME.bias` (out): one, or more in a
  /// node that `joiningConvolutions` made.
  package var layers: [String]
  /// Number of output channels of all layers, before depth-to-space.
  package var outputChannels: Int
  /// Height and width of the kernel, pixels. A layer of a smaller kernel has its weights in the middle of it.
  package var kernel: Int
  package var stride = 1
  /// Zero pixels added on every side of the input.
  package var padding: Int
  /// Applied to the sum of the convolution and, where the node has a second input, that input. Set by
  /// `fusingConvolutions`, as is `depthToSpace`.
  package var activation = Activation.none
  /// Order of a depth-to-space that follows the activation; nil: there is none.
  package var depthToSpace: ShuffleOrder?
  /// The reading of the weights, set by `foldingCodes`.
  package var reading = Reading.plain

  package init(_ layer: String, outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int) {
    (layers, self.outputChannels) = ([layer], outputChannels)
    (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
  }

  /// True for nothing but the sums of one channel, with a kernel of 1x1 or 3x3 that is centred on its pixel: a sigmoid behind
  /// them makes a mask.
  package var isMaskHead: Bool {
    layers.count == 1 && (kernel == 1 || kernel == 3)
      && self == Convolution(layers[0], outputChannels: 1, kernel: kernel, padding: kernel / 2)
  }
}

/// A dense layer with bias, or several dense layers of the same input whose outputs follow one another.
package struct Dense: Sendable, Hashable {
  /// Names of the layers, each with the tensors `NAME.weight` (out, in) and `NAME.bias` (out): one, or more in a node
  /// that `joiningDenseLayers` made.
  package var layers: [String]
  /// Number of outputs of all layers.
  package var outputs: Int
  /// True if the input is a picture that is flattened first. Set by `fusingDenseLayers`, as are the following.
  package var flattens = false
  /// True if the flattened input is normalised by its mean square.
  package var pixelNorm = false
  /// Side of the picture that the outputs are made into; nil: they stay flat.
  package var side: Int?

  package init(_ layer: String, outputs: Int) { (layers, self.outputs) = ([layer], outputs) }
}

/// The computation of a node. Families are made of the first group; the second group is made by passes.
package enum Operation: Sendable, Hashable {
  /// The picture that the network reads.
  case input
  case convolution(Convolution)
  case dense(Dense)
  /// Picture (C, side, side) to the flat value of C*side*side channels in the order channel, row, column.
  case flatten
  /// Inverse of `flatten`, to pictures of the given side.
  case unflatten(side: Int)
  /// x / sqrt(mean(x * x) + 1e-6), the mean over all values of an image.
  case pixelNorm
  case activation(Activation)
  /// Sum of two inputs of equal shape.
  case sum
  /// The channels of all inputs, one input after the other.
  case concatenation
  /// a + morph * (b - a) of inputs a and b; morph, 0...1, belongs to the run.
  case lerp
  /// Channels 0..<k of the first of two inputs and channels k..<C of the second, k = trunc(C * morph): C and morph in
  /// float32 and their product rounded to float32, as AMP was trained.
  case mixChannels
  /// A transposed convolution with bias to (outputChannels, 2 * side, 2 * side), kernel 3x3 and stride 2:
  /// out[o, 2y + i, 2x + j] sums in[c, y, x] * w[c, o, i, j] for i, j = 0, 1, 2, without the last row and column, as
  /// TensorFlow pads. Its tensors are `LAYER.weight` (in, out, 3, 3) and `LAYER.bias` (out).
  case transposedConvolution(layer: String, outputChannels: Int)
  /// Filter response norm with its threshold: max(x / sqrt(mean(x * x) + |eps|) * weight + bias, tau), the mean over the
  /// pixels of each channel. Its tensors are `BLOCK.frn.weight`, `.bias` (C) and `.eps` (1), and `BLOCK.tlu.tau` (C).
  /// Source: Singh, Krishnan: Filter Response Normalization Layer, 2020.
  case responseNorm(block: String)
  /// Mean over `size` x `size` pixels with binomial weights, stride 2, of each channel alone; zeros outside count. The
  /// window begins (size - 1) / 2 pixels before pixel (2y, 2x).
  case blurPool(size: Int)
  /// Picture (C, side, side) to picture (C / 4, 2 * side, 2 * side).
  case depthToSpace(ShuffleOrder)
  case sigmoid

  /// Depth-to-space in DCR order followed by the sigmoid.
  case shuffledSigmoid
  /// A convolution that `isMaskHead`, followed by the sigmoid.
  case maskHead(Convolution)
  /// Concatenation of x and y - x: y is the second input, x the first or, if `morphs` is set, the lerp of both.
  case splitHalves(morphs: Bool)
  /// The images of all inputs, one input after the other.
  case stack
  /// One image of a stack.
  case unstack(Int)
  /// The outputs of one of `count` joined dense layers.
  case denseOutput(Int, of: Int)

  /// The convolution that the node computes, with a sigmoid behind it or without.
  package var convolution: Convolution? {
    switch self {
    case .convolution(let convolution), .maskHead(let convolution): convolution
    default: nil
    }
  }

  /// Names of the layers whose tensors the node reads.
  package var layers: [String] {
    switch self {
    case .convolution(let convolution), .maskHead(let convolution): convolution.layers
    case .dense(let dense): dense.layers
    case .transposedConvolution(let layer, _): [layer]
    case .responseNorm(let block): ["\(block).frn", "\(block).tlu"]
    default: []
    }
  }

  /// Name of the operation for messages.
  package var label: String {
    switch self {
    case .input: "input"
    case .convolution: "convolution"
    case .dense: "dense"
    case .flatten: "flatten"
    case .unflatten: "unflatten"
    case .pixelNorm: "pixel norm"
    case .activation(.leaky): "leaky ReLU"
    case .activation(.cosine): "x cos x"
    case .activation(.none): "no activation"
    case .sum: "sum"
    case .concatenation: "concatenation"
    case .lerp: "lerp"
    case .mixChannels: "channel mix"
    case .transposedConvolution: "transposed convolution"
    case .responseNorm: "filter response norm"
    case .blurPool: "blur pool"
    case .depthToSpace: "depth-to-space"
    case .sigmoid, .shuffledSigmoid: "sigmoid"
    case .maskHead: "mask head"
    case .splitHalves: "split halves"
    case .stack: "stack"
    case .unstack: "unstack"
    case .denseOutput: "dense output"
    }
  }

  /// The tensors that the node reads, in the order of checkpoints.
  ///
  /// - Parameter channels: of the node's first input.
  func tensors(inputChannels channels: Int) -> [TensorSpec] {
    func layers(_ names: [String], _ shape: [Int], outputs: Int) -> [TensorSpec] {
      names.flatMap {
        [TensorSpec(name: "\($0).weight", shape: shape), TensorSpec(name: "\($0).bias", shape: [outputs])]
      }
    }
    switch self {
    case .convolution(let convolution), .maskHead(let convolution):
      let (outputs, kernel) = (convolution.outputChannels, convolution.kernel)
      return layers(convolution.layers, [outputs, channels, kernel, kernel], outputs: outputs)
    case .dense(let dense): return layers(dense.layers, [dense.outputs, channels], outputs: dense.outputs)
    case .transposedConvolution(let layer, let outputs):
      return layers([layer], [channels, outputs, 3, 3], outputs: outputs)
    case .responseNorm(let block):
      return layers(["\(block).frn"], [channels], outputs: channels)
        + [TensorSpec(name: "\(block).frn.eps", shape: [1]), TensorSpec(name: "\(block).tlu.tau", shape: [channels])]
    default: return []
    }
  }
}
