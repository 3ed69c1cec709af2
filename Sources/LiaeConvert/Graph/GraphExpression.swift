// SPDX-License-Identifier: Apache-2.0

/// What a value of an ONNX graph is, in the few terms of which our networks are made. Operands are numbers of other
/// expressions, always smaller than the expression's own, so that walking down ends.
///
/// The first group is what a network is read from; the second are steps on the way to one of those.
enum GraphExpression: Hashable {
  /// The input picture, channels first.
  case image
  /// Weights and bias are names of initializers; no bias is zeros.
  case convolution(Int, weight: String, bias: String?, stride: Int, padding: Int)
  /// `transposed`: the weights are (out, in) and not (in, out).
  case dense(Int, weight: String, bias: String?, transposed: Bool)
  case leaky(Int, slope: Float)
  case timesCosine(Int)
  case sum(Int, Int)
  case depthToSpace(Int, isDCR: Bool)
  /// (C, H, W) as C*H*W numbers, and back.
  case flattened(Int)
  case unflattened(Int)
  case pixelNorm(Int)
  case concatenation([Int])
  case sigmoid(Int)

  /// The input as it comes, channels last.
  case channelsLastImage
  case channelsLast(Int)
  case cosine(Int)
  case square(Int)
  case meanSquare(Int)
  case meanSquarePlusEpsilon(Int)
  case norm(Int)
  case inverseNorm(Int)
  /// Depth-to-space as Reshape and Transpose, before the last Reshape.
  case split(Int, isDCR: Bool)
  case interleaved(Int, isDCR: Bool)
}

/// Expressions by number; equal expressions have one number, however often the graph computes them.
struct GraphExpressions {
  private(set) var expressions: [GraphExpression] = []
  /// (C, H, W), or (n) for flat values, or what the step needs for the second group. Without the batch.
  private(set) var shapes: [[Int]] = []
  private var numbers: [GraphExpression: Int] = [:]

  mutating func intern(_ expression: GraphExpression, shape: [Int]) -> Int {
    if let number = numbers[expression] { return number }
    numbers[expression] = expressions.count
    expressions.append(expression)
    shapes.append(shape)
    return expressions.count - 1
  }

  /// `number` came from `intern`.
  subscript(number: Int) -> GraphExpression { expressions[number] }
}
