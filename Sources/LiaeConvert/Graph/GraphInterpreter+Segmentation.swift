// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Operators of XSeg: transposed convolutions, blur pools, and the parts of a filter response norm with its threshold.
extension GraphInterpreter {
  /// 3x3 of stride 2 without the last row and column: pads 0, 0, 1, 1.
  mutating func transposedConvolution(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> GraphView {
    let x = try picture(node, try view(node, inputs))
    let input = expressions.shapes[x]
    let weight = try constant(node, inputs, 1, "weight")
    guard weight.shape.count == 4, weight.shape[0] == input[0], weight.shape[1] > 0, weight.shape[2...] == [3, 3],
      weight.isFloatingPoint
    else {
      throw mismatch(
        node, "weights \(weight.name) have shape \(weight.shape); expected (\(input[0]), out, 3, 3) of floats")
    }
    guard node.string("auto_pad") ?? "NOTSET" == "NOTSET", node.integer("group") ?? 1 == 1,
      (node.integers("dilations") ?? [1, 1]) == [1, 1], node.integers("strides") == [2, 2],
      (node.integers("output_padding") ?? [0, 0]) == [0, 0], node.integers("pads") == [0, 0, 1, 1],
      node.integers("output_shape") == nil, (node.integers("kernel_shape") ?? [3, 3]) == [3, 3]
    else { throw unexpected(node, "expected stride 2 and pads 0, 0, 1, 1, without groups and dilation") }
    let outputs = weight.shape[1]
    let bias = try optionalConstant(node, inputs, 2, "bias")
    let layer = Layer(
      weight: number(weight), bias: try bias.map { (bias) throws(LiaeError) in try number(node, bias: bias, outputs) })
    guard let height = CheckedSize.product(input[1], 2), let width = CheckedSize.product(input[2], 2) else {
      throw mismatch(node, "the result of a picture of \(input[1]) x \(input[2]) is too large")
    }
    return try whole(node, .transposedConvolution(x, layer: number(layer)), [outputs, height, width])
  }

  /// A convolution of each channel alone: the binomial weights of a blur pool, with zeros around the picture.
  ///
  /// With one channel no group tells it from a layer; what does is its stride of 2, which no layer of this size has.
  ///
  /// - Returns: nil for other convolutions.
  mutating func blurPool(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> GraphView? {
    let weight = try constant(node, inputs, 1, "weight")
    let groups = node.integer("group") ?? 1
    let isOfOneChannel =
      weight.shape.count == 4 && weight.shape[..<2] == [1, 1] && BlurPoolTaps.values[weight.shape[3]] != nil
      && node.integers("strides") == [2, 2]
    guard groups > 1 || groups == 1 && isOfOneChannel else { return nil }
    var (x, margin) = (try picture(node, try view(node, inputs)), (before: 0, after: 0))
    if case .padded(let inner, let before, let after) = expressions[x] { (x, margin) = (inner, (before, after)) }
    let input = expressions.shapes[x]
    let pads = node.integers("pads") ?? [0, 0, 0, 0]
    if margin == (0, 0), pads.count == 4, pads[0] == pads[1], pads[2] == pads[3] { margin = (pads[0], pads[2]) }
    let size = weight.shape.last ?? 0
    guard groups == input[0], weight.shape == [groups, 1, size, size], weight.isFloatingPoint,
      let taps = BlurPoolTaps.values[size], node.integers("strides") == [2, 2],
      (node.integers("dilations") ?? [1, 1]) == [1, 1],
      ["NOTSET", "VALID"].contains(node.string("auto_pad") ?? "NOTSET"),
      margin == ((size - 1) / 2, size - 1 - (size - 1) / 2), pads == [0, 0, 0, 0] || input == expressions.shapes[x],
      input[1] % 2 == 0, input[2] % 2 == 0, try optionalConstant(node, inputs, 2, "bias") == nil
    else { throw unexpected(node, "a convolution of each channel alone that is no blur pool of stride 2") }
    let stored = try weight.tensor(weight.shape)
    for c in 0..<groups {
      for (i, a) in taps.enumerated() {
        for (j, b) in taps.enumerated() where abs(stored[(c * size + i) * size + j] - a * b) > 1e-4 {
          throw unexpected(node, "channel \(c) has other weights than a blur pool of \(size) pixels")
        }
      }
    }
    return try whole(node, .blurPool(x, size: size), [groups, input[1] / 2, input[2] / 2])
  }

  /// A sum, product or maximum of a norm and a constant for each channel.
  ///
  /// - Returns: nil for other operands.
  mutating func normPart(_ node: ONNXModel.Node, _ value: GraphView, _ constant: GraphConstant) throws(LiaeError)
    -> GraphView?
  {
    let shape = expressions.shapes[value.expression]
    func along() throws(LiaeError) -> GraphConstant { try bias(node, value, constant, shape[0]) }
    let result: GraphExpression
    switch (node.operation, expressions[value.expression]) {
    case ("Mul", .normalized): result = .weighted(value.expression, by: number(try along()))
    case ("Add", .weighted), ("Sum", .weighted): result = .biased(value.expression, by: number(try along()))
    case ("Max", .biased(let weighted, let bias)):
      guard case .weighted(let norm, let weight) = expressions[weighted],
        case .normalized(let x, let epsilon) = expressions[norm]
      else { return nil }
      let parts = Norm(weight: weight, bias: bias, threshold: number(try along()), epsilon: epsilon)
      result = .responseNorm(x, norm: number(parts))
    default: return nil
    }
    return GraphView(expression: expressions.intern(result, shape: shape), layout: value.layout)
  }

  /// The mean of each channel of a picture.
  mutating func channelMean(_ node: ONNXModel.Node, _ value: GraphView) throws(LiaeError) -> GraphView {
    let x = try picture(node, value)
    return try whole(node, .channelMean(x), [expressions.shapes[x][0], 1, 1])
  }
}

/// The weights of blur pools along one axis, by their size; their sum is 1.
enum BlurPoolTaps {
  static let values: [Int: [Float]] = [2: [0.5, 0.5], 3: [0.25, 0.5, 0.25], 4: [0.125, 0.375, 0.375, 0.125]]
}

extension GraphExpressions {
  /// x divided by the root of the mean of its squares over each channel.
  ///
  /// - Returns: nil for other operands.
  mutating func normalized(_ a: GraphView, _ b: GraphView) -> GraphView? {
    for (x, factor) in [(a, b), (b, a)] {
      guard x.layout.isPlain, factor.layout.isPlain, x.shape.count == 4,
        factor.shape == [x.shape[0], x.shape[1], 1, 1], shapes[x.expression] == Array(x.shape.dropFirst()),
        case .power(let sum, -0.5) = self[factor.expression], case .shifted(let mean, let epsilon) = self[sum],
        case .channelMean(let square) = self[mean], self[square] == .power(x.expression, 2)
      else { continue }
      let number = intern(.normalized(x.expression, epsilon: epsilon), shape: shapes[x.expression])
      return GraphView(expression: number, layout: x.layout)
    }
    return nil
  }
}
