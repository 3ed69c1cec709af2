// SPDX-License-Identifier: Apache-2.0

/// What follows a convolution or a sum.
package enum Activation: Sendable, Hashable {
  case none
  case leaky(Float)
  /// x cos x.
  case cosine
}

/// Where the channels of a 2x2 square stand before depth-to-space.
package enum ShuffleOrder: Sendable, Hashable {
  /// Channel c of pixel (dy, dx) is channel c*4 + dy*2 + dx, as PyTorch's `pixel_shuffle` has it.
  case crd
  /// It is channel (dy*2 + dx)*C + c, as TensorFlow's and ONNX's default has it.
  case dcr
}

/// A convolution with bias, or several of one input whose output channels stand one after the other.
package struct Convolution: Sendable, Hashable {
  /// How the weights meet the input channels.
  package enum Reading: Sendable, Hashable {
    /// Channel by channel.
    case plain
    /// The input is x, and the convolution is that of concat(x, x): its weights are W1 + W2.
    case repeatedHalf
    /// The input is [x ; y - x], and the convolution is that of concat(x, y): its weights are [W1 + W2 ; W2].
    case splitHalves
  }

  /// Names of the layers, each of which has tensors `NAME.weight` (out, in, k, k) and `NAME.bias` (out). One; more
  /// where `joiningConvolutions` made one node of several.
  package var layers: [String]
  package var outputChannels: Int
  package var kernel: Int
  package var stride = 1
  /// Zero pixels on every side of the input.
  package var padding: Int
  /// What `fusing` took in: a second input is added, then the activation, then depth-to-space in CRD order.
  package var activation = Activation.none
  package var depthToSpace = false
  /// What `foldingCodes` made of it.
  package var reading = Reading.plain

  package init(_ layer: String, outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int) {
    (layers, self.outputChannels) = ([layer], outputChannels)
    (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
  }
}

/// A dense layer, or several of one input whose outputs stand one after the other.
package struct Dense: Sendable, Hashable {
  /// Names of the layers, each of which has tensors `NAME.weight` (out, in) and `NAME.bias` (out).
  package var layers: [String]
  package var outputs: Int
  /// What `fusing` took in: the input is a picture that is flattened, and normalised where `pixelNorm` is set.
  package var flattens = false
  package var pixelNorm = false
  /// The output is a picture of this side.
  package var side: Int?

  package init(_ layer: String, outputs: Int) { (layers, self.outputs) = ([layer], outputs) }
}

/// What a node computes. The first group makes up the families; passes put in the second.
package enum Operation: Sendable, Hashable {
  /// The picture, three channels, 0...1.
  case input
  case convolution(Convolution)
  case dense(Dense)
  /// (C, side, side) as C*side*side numbers ordered channel, row, column.
  case flatten
  /// The inverse of `flatten`, to pictures of the given side.
  case unflatten(side: Int)
  /// x / sqrt(mean(x * x) + 1e-6), the mean over all numbers of an image.
  case pixelNorm
  case activation(Activation)
  case sum
  /// Channels one after the other.
  case concatenation
  /// a + morph * (b - a) of inputs a and b, with the run's morph.
  case lerp
  /// The first trunc(C * morph) channels of the first input, the product in float32, and the rest of the second.
  case mixChannels
  /// A picture of twice the side and a quarter of the channels.
  case depthToSpace(ShuffleOrder)
  case sigmoid

  /// Depth-to-space in DCR order, then the sigmoid.
  case shuffledSigmoid
  /// [x ; y - x] of inputs a and y: x is a, or where `morphs` is set lerp(a, y).
  case splitHalves(morphs: Bool)
  /// The images of all inputs, one input's after the other's.
  case stack
  /// The images of one input of a stack.
  case unstack(Int)
  /// The numbers of one of `count` joined dense layers.
  case denseOutput(Int, of: Int)

  /// Layers whose tensors it reads.
  package var layers: [String] {
    switch self {
    case .convolution(let convolution): convolution.layers
    case .dense(let dense): dense.layers
    default: []
    }
  }

  /// The operation's name in messages.
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
    case .depthToSpace: "depth-to-space"
    case .sigmoid, .shuffledSigmoid: "sigmoid"
    case .splitHalves: "split halves"
    case .stack: "stack"
    case .unstack: "unstack"
    case .denseOutput: "dense output"
    }
  }
}
