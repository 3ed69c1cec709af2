// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem

/// Operators that compute element by element, and means.
extension GraphInterpreter {
  /// - Returns: nil for other operators.
  mutating func arithmetic(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> GraphView? {
    switch node.operation {
    case "LeakyRelu":
      return expressions.activation(try view(node, inputs), .leaky(node.float("alpha") ?? 0.01))
    case "PRelu":
      let x = try view(node, inputs)
      guard let slope = try constant(node, inputs, 1, "slope").uniform?.number else {
        throw unexpected(node, "its slopes differ; expected one")
      }
      return expressions.activation(x, .leaky(Float(slope)))
    case "Cos": return expressions.cosine(try view(node, inputs))
    case "Sigmoid": return expressions.sigmoid(try view(node, inputs))
    case "Clip": return try clipped(node, inputs)
    case "GlobalAveragePool": return try channelMean(node, try view(node, inputs))
    case "Sqrt": return expressions.power(try view(node, inputs), 0.5)
    case "Reciprocal": return expressions.power(try view(node, inputs), -1)
    case "Pow":
      let x = try view(node, inputs)
      guard let exponent = try constant(node, inputs, 1, "exponent").uniform?.number else {
        throw unexpected(node, "its exponents differ; expected one")
      }
      return expressions.power(x, exponent)
    case "ReduceMean", "ReduceSum", "ReduceSumSquare", "ReduceL2": return try reduced(node, inputs)
    case "Add", "Sum", "Mul", "Div", "Max": return try combined(node, inputs)
    case "Less", "LessOrEqual", "Greater", "GreaterOrEqual":
      let x = try view(node, inputs)
      guard try constant(node, inputs, 1, "bound").uniform?.number == 0 else {
        throw unexpected(node, "compares with another number than 0")
      }
      return node.operation.hasPrefix("Less") ? expressions.isNegative(x) : expressions.isPositive(x)
    case "Where":
      let (condition, a, b) = (try view(node, inputs, 0), try view(node, inputs, 1), try view(node, inputs, 2))
      guard let result = expressions.choice(condition, a, b) else {
        throw unexpected(node, "chooses between values otherwise than a leaky ReLU does")
      }
      return result
    default: return nil
    }
  }

  private mutating func combined(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> GraphView {
    guard inputs.count == 2 else { throw corrupt(node, "has \(inputs.count) inputs; expected 2") }
    // One operand may be a constant.
    for (place, other) in [(0, 1), (1, 0)] {
      guard case .constant(let constant)? = inputs[other] else { continue }
      let x = try view(node, inputs, place)
      if let part = try normPart(node, x, constant) { return part }
      if node.operation == "Add" || node.operation == "Sum" { return try sum(node, x, constant) }
      guard let number = constant.uniform?.number, constant.shape.count <= x.shape.count,
        zip(constant.shape.reversed(), x.shape.reversed()).allSatisfy({ $0 == 1 || $0 == $1 })
      else {
        throw unexpected(node, "a constant of shape \(constant.shape) with a value of \(x.shape); expected one number")
      }
      switch node.operation {
      case "Mul": return expressions.scaled(x, number)
      case "Div" where other == 1 && number != 0: return expressions.scaled(x, 1 / number)
      case "Div" where other == 0: return expressions.scaled(expressions.power(x, -1), number)
      default: throw unexpected(node, "of a value and \(number), which no network of ours computes")
      }
    }
    let (a, b) = (try view(node, inputs, 0), try view(node, inputs, 1))
    let result: GraphView?
    switch node.operation {
    case "Add", "Sum": result = expressions.sum(a, b)
    case "Mul": result = expressions.normalized(a, b) ?? expressions.product(a, b)
    case "Div":
      let inverse = expressions.power(b, -1)
      result = expressions.normalized(a, inverse) ?? expressions.product(a, inverse)
    default: result = expressions.maximum(a, b)
    }
    guard let result else {
      throw a.shape == b.shape
        ? unexpected(
          node,
          "of \(expressions[a.expression].label) and \(expressions[b.expression].label), which no network of ours computes"
        )
        : mismatch(node, "shapes \(a.shape) and \(b.shape) do not fit each other")
    }
    return result
  }

  /// Bounds that a sigmoid does not reach change nothing.
  private func clipped(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> GraphView {
    let x = try view(node, inputs)
    let lower = try optionalConstant(node, inputs, 1, "bound").map { $0.uniform?.number }
    let upper = try optionalConstant(node, inputs, 2, "bound").map { $0.uniform?.number }
    guard case .sigmoid = expressions[x.expression], let lower = lower ?? -.infinity, let upper = upper ?? .infinity,
      lower <= 0, upper >= 1
    else { throw unexpected(node, "of other than a sigmoid to 0...1") }
    return x
  }

  private mutating func reduced(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> GraphView {
    var x = try view(node, inputs)
    let axes = try integers(node, inputs, 1, "axes") ?? []
    var dimensions: Set<Int> = []
    for axis in axes { dimensions.insert(try dimension(node, axis, rank: x.shape.count)) }
    if axes.isEmpty && node.integer("noop_with_empty_axes") ?? 0 == 0 { dimensions = Set(x.shape.indices) }
    let images = Double(expressions.batch)
    let count = Double(x.layout.count) / images
    if node.operation == "ReduceSumSquare" || node.operation == "ReduceL2" { x = expressions.power(x, 2) }
    if node.operation == "ReduceMean", x.shape.count == 4, dimensions == [2, 3], node.integer("keepdims") ?? 1 != 0 {
      return try channelMean(node, x)
    }
    guard var result = expressions.mean(x, over: dimensions, keeps: node.integer("keepdims") ?? 1 != 0) else {
      throw unexpected(node, "over dimensions \(dimensions.sorted()) of \(x.shape); expected all numbers of an image")
    }
    if node.operation != "ReduceMean" { result = expressions.scaled(result, count) }
    return node.operation == "ReduceL2" ? expressions.power(result, 0.5) : result
  }
}
