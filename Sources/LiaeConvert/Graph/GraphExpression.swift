// SPDX-License-Identifier: Apache-2.0
import LiaeGraph

/// The expression from which a value of an ONNX graph, or of a network of ours, is computed. Operands are numbers of
/// other expressions, always smaller than the expression's own.
///
/// An expression has one normal form: whoever makes one goes through `GraphExpressions`, which knows the ways in which
/// the same value can be written.
enum GraphExpression: Hashable {
  /// The picture, channels first.
  case image
  /// Convolutions of one input whose channels stand one after the other. `inset` pixels are lost on every side: 0 with
  /// the padding that keeps the side.
  case convolution(Int, [Part], stride: Int, inset: Int)
  case dense(Int, layer: Int)
  case activation(Int, Activation)
  case sigmoid(Int)
  case sum(Int, Int)
  /// A concatenation along channels.
  case concatenation([Int])
  case depthToSpace(Int, ShuffleOrder)
  /// (C, H, W) as C*H*W numbers, and back.
  case flatten(Int)
  case unflatten(Int, side: Int)
  case pixelNorm(Int)
  /// The first trunc(C * morph) channels of the first operand, and the others of the second.
  case mixChannels(Int, Int)
  /// 3x3 of stride 2, to twice the side.
  case transposedConvolution(Int, layer: Int)
  /// A filter response norm with its threshold, by a number of whoever holds its weights.
  case responseNorm(Int, norm: Int)
  case blurPool(Int, size: Int)

  // What becomes one of the above, or is none of our networks'.
  /// An image with zeros around it, for a convolution or a pool without padding of its own.
  case padded(Int, before: Int, after: Int)
  /// The mean of each channel; (C, 1, 1).
  case channelMean(Int)
  /// x / sqrt(mean(x * x) + epsilon), the mean of each channel; that times a constant for each channel; that and another
  /// constant. Constants by number.
  case normalized(Int, epsilon: Double)
  case weighted(Int, by: Int)
  case biased(Int, by: Int)
  case product(Int, Int)
  case cosine(Int)
  case power(Int, Double)
  /// The mean over all numbers of an image; has the shape [].
  case mean(Int)
  case scaled(Int, Double)
  case shifted(Int, Double)
  /// True if a number is below 0, or above it; equality is the same to what is chosen by it.
  case isNegative(Int)
  case isPositive(Int)
  /// An expression that is told by its name alone, and equals nothing of the other side.
  case other(String)

  /// One convolution: its weights, by a number of whoever holds them, and the side of its kernel.
  struct Part: Hashable {
    var layer: Int
    var kernel: Int
  }

  var operands: [Int] {
    switch self {
    case .image, .other: []
    case .convolution(let x, _, _, _), .dense(let x, _), .activation(let x, _), .sigmoid(let x),
      .depthToSpace(let x, _), .flatten(let x), .unflatten(let x, _), .pixelNorm(let x), .padded(let x, _, _),
      .cosine(let x), .transposedConvolution(let x, _), .responseNorm(let x, _), .blurPool(let x, _),
      .channelMean(let x), .normalized(let x, _), .weighted(let x, _), .biased(let x, _),
      .power(let x, _), .mean(let x), .scaled(let x, _), .shifted(let x, _), .isNegative(let x), .isPositive(let x):
      [x]
    case .sum(let x, let y), .mixChannels(let x, let y), .product(let x, let y): [x, y]
    case .concatenation(let parts): parts
    }
  }

  /// The file's name in messages.
  var label: String {
    switch self {
    case .image: "the input picture"
    case .convolution(_, let parts, let stride, let inset):
      (parts.count == 1 ? "a" : "\(parts.count)")
        + " \(parts.map { "\($0.kernel)x\($0.kernel)" }.joined(separator: ", "))"
        + " convolution" + (parts.count == 1 ? "" : "s") + (stride == 1 ? "" : " of stride \(stride)")
        + (inset == 0 ? "" : " without padding")
    case .dense: "a dense layer"
    case .activation(_, .leaky(let slope)): "a leaky ReLU of slope \(slope)"
    case .activation: "x cos x"
    case .sigmoid: "a sigmoid"
    case .sum: "a sum"
    case .concatenation(let parts): "a concatenation of \(parts.count) values"
    case .depthToSpace: "depth-to-space"
    case .flatten: "a flattened picture"
    case .unflatten(_, let side): "numbers as pictures of side \(side)"
    case .pixelNorm: "a pixel norm"
    case .mixChannels: "a mix of the channels of two codes"
    case .transposedConvolution: "a transposed convolution"
    case .responseNorm: "a filter response norm with its threshold"
    case .blurPool(_, let size): "a blur pool of \(size) pixels"
    case .padded: "padding"
    case .channelMean: "a mean of each channel"
    case .normalized: "a norm of each channel"
    case .weighted: "a weighted norm of each channel"
    case .biased: "a weighted norm of each channel with a bias"
    case .product: "a product"
    case .cosine: "a cosine"
    case .power(_, let exponent): "a power of \(exponent)"
    case .mean: "a mean"
    case .scaled(_, let factor): "a multiple by \(factor)"
    case .shifted(_, let constant): "a sum with \(constant)"
    case .isNegative, .isPositive: "a comparison with 0"
    case .other(let name): name
    }
  }
}

/// A value as operators see it: the elements of an expression under a layout. The batch is the first dimension.
struct GraphView: Hashable {
  var expression: Int
  var layout: Layout
  var shape: [Int] { layout.shape }
}

/// Expressions by number. Equal expressions have one number, however often a graph computes them.
struct GraphExpressions {
  /// Images in the input. A graph that leaves it open is read for one: what it computes from its shapes is known then.
  let batch: Int
  /// The node that is being read, for messages about what it makes.
  var origin = ""
  private(set) var expressions: [GraphExpression] = []
  /// (C, H, W), (n), or () for one number an image; without the batch.
  private(set) var shapes: [[Int]] = []
  private(set) var origins: [String] = []
  private var numbers: [GraphExpression: Int] = [:]

  init(batch: Int) { self.batch = batch }

  mutating func intern(_ expression: GraphExpression, shape: [Int]) -> Int {
    if let number = numbers[expression] { return number }
    numbers[expression] = expressions.count
    expressions.append(expression)
    shapes.append(shape)
    origins.append(origin)
    return expressions.count - 1
  }

  /// `number` came from `intern`.
  subscript(number: Int) -> GraphExpression { expressions[number] }

  /// Interns an expression, and returns it as it is. nil: it has more elements than can be counted.
  mutating func made(_ expression: GraphExpression, shape: [Int]) -> GraphView? {
    let number = intern(expression, shape: shape)
    return view(number)
  }

  /// An expression as it is. nil: it has more elements than can be counted.
  func view(_ number: Int) -> GraphView? {
    Layout([batch] + shapes[number]).map { GraphView(expression: number, layout: $0) }
  }
}
