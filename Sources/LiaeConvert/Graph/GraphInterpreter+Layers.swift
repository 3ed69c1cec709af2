// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Operators that read weights: convolutions and dense layers; and what belongs to them, padding before a convolution and
/// the sum with a bias behind a layer.
extension GraphInterpreter {
  /// - Returns: nil for other operators.
  mutating func layer(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> GraphView? {
    switch node.operation {
    case "Conv":
      if let pool = try blurPool(node, inputs) { return pool }
      return try convolution(node, inputs)
    case "ConvTranspose": return try transposedConvolution(node, inputs)
    case "Pad": return try padded(node, inputs)
    case "MatMul", "Gemm": return try dense(node, inputs)
    default: return nil
    }
  }

  /// Square kernels of 1, 3 or 5, the same padding on every side, no groups and no dilation.
  private mutating func convolution(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> GraphView {
    var (x, border) = (try picture(node, try view(node, inputs)), 0)
    if case .padded(let inner, let before, let after) = expressions[x], before == after {
      (x, border) = (inner, before)
    }
    let input = expressions.shapes[x]
    let weight = try constant(node, inputs, 1, "weight")
    guard weight.shape.count == 4, weight.shape[1] == input[0], weight.shape[3] == weight.shape[2],
      [1, 3, 5].contains(weight.shape[2]), weight.shape[0] > 0, weight.isFloatingPoint
    else {
      throw mismatch(
        node,
        "weights \(weight.name) have shape \(weight.shape)\(weight.isFloatingPoint ? "" : " and are no floats"); expected (out, \(input[0]), k, k) with k of 1, 3 or 5"
      )
    }
    let (outputs, kernel) = (weight.shape[0], weight.shape[2])
    let strides = node.integers("strides") ?? [1, 1]
    var pads = node.integers("pads") ?? [0, 0, 0, 0]
    let mode = node.string("auto_pad") ?? "NOTSET"
    // With stride 1 and an odd kernel both sides get as much.
    if mode.hasPrefix("SAME_") && strides == [1, 1] { pads = [Int](repeating: kernel / 2, count: 4) }
    if mode == "VALID" { pads = [0, 0, 0, 0] }
    let own = pads.first ?? 0
    let padding = own < 3 ? own + border : own
    guard ["NOTSET", "VALID"].contains(mode) || mode.hasPrefix("SAME_") && strides == [1, 1],
      node.integer("group") ?? 1 == 1, (node.integers("dilations") ?? [1, 1]) == [1, 1],
      strides == [1, 1] || strides == [2, 2], pads == [own, own, own, own], own >= 0,
      padding <= kernel / 2, node.integers("kernel_shape") ?? [kernel, kernel] == [kernel, kernel]
    else {
      throw unexpected(
        node,
        "a convolution with strides \(strides) and pads \(pads), or with groups or dilation; expected padding \(kernel / 2) on every side"
      )
    }
    guard input[1] + 2 * padding >= kernel, input[2] + 2 * padding >= kernel else {
      throw mismatch(node, "a kernel of \(kernel) on a picture of \(input[1]) x \(input[2])")
    }
    let sides = input.dropFirst().map { ($0 + 2 * padding - kernel) / strides[0] + 1 }
    let bias = try optionalConstant(node, inputs, 2, "bias")
    let layer = Layer(
      weight: number(weight), bias: try bias.map { (bias) throws(LiaeError) in try number(node, bias: bias, outputs) })
    let part = GraphExpression.Part(layer: number(layer), kernel: kernel)
    return try whole(
      node, .convolution(x, [part], stride: strides[0], inset: kernel / 2 - padding), [outputs] + sides)
  }

  /// Zeros around a picture: as many before its rows as before its columns, and as many behind both.
  private mutating func padded(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> GraphView {
    let x = try picture(node, try view(node, inputs))
    let pads = try integers(node, inputs, 1, "pads") ?? []
    let value = try optionalConstant(node, inputs, 2, "value")
    let (before, after) = pads.count == 8 ? (pads[2], pads[6]) : (-1, -1)
    guard node.string("mode") ?? "constant" == "constant", value.map({ $0.uniform?.number == 0 }) ?? true,
      node.float("value") ?? 0 == 0, (0...2).contains(before), (0...2).contains(after),
      pads == [0, 0, before, before, 0, 0, after, after], inputs.count < 4
    else { throw unexpected(node, "pads by \(pads); expected up to 2 zeros before and behind rows and columns") }
    let shape = expressions.shapes[x]
    if before + after == 0 { return try whole(node, expressions[x], shape) }
    return try whole(
      node, .padded(x, before: before, after: after),
      [shape[0], shape[1] + before + after, shape[2] + before + after])
  }

  /// MatMul with the weights on the right, or Gemm without scaling.
  private mutating func dense(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> GraphView {
    let input = try view(node, inputs)
    guard input.shape.count == 2, let x = expressions.settled(input), expressions.shapes[x].count == 1 else {
      throw unexpected(
        node,
        "a product with a value of shape \(input.shape) in an order of its own; expected flat numbers, as (C, H, W)")
    }
    let inputCount = expressions.shapes[x][0]
    let isGemm = node.operation == "Gemm"
    guard
      !isGemm
        || (node.integer("transA") ?? 0 == 0 && node.float("alpha") ?? 1 == 1
          && (inputs.count < 3 || node.float("beta") ?? 1 == 1))
    else { throw unexpected(node, "a scaled or transposed product") }
    var weight = try constant(node, inputs, 1, "weight")
    // To (out, in).
    if !isGemm || node.integer("transB") ?? 0 == 0, let turned = weight.layout.transposed([1, 0]) {
      weight = weight.with(turned)
    }
    guard weight.shape.count == 2, weight.shape[1] == inputCount, weight.shape[0] > 0, weight.isFloatingPoint else {
      throw mismatch(
        node, "weights \(weight.name) have shape (out, in) of \(weight.shape) on \(inputCount) numbers")
    }
    let bias = isGemm ? try optionalConstant(node, inputs, 2, "bias") : nil
    let layer = Layer(
      weight: number(weight),
      bias: try bias.map { (bias) throws(LiaeError) in try number(node, bias: bias, weight.shape[0]) })
    return try whole(node, .dense(x, layer: number(layer)), [weight.shape[0]])
  }

  // MARK: - Bias

  /// The sum of a value and a constant: a bias behind a layer, or one number.
  mutating func sum(_ node: ONNXModel.Node, _ value: GraphView, _ constant: GraphConstant) throws(LiaeError)
    -> GraphView
  {
    func biased(_ number: Int, _ channels: Int) throws(LiaeError) -> Int? {
      guard layers[number].bias == nil else { return nil }
      let bias = try self.bias(node, value, constant, channels)
      return self.number(Layer(weight: layers[number].weight, bias: self.number(bias)))
    }
    let shape = expressions.shapes[value.expression]
    switch expressions[value.expression] {
    case .convolution(let x, let parts, let stride, let inset) where parts.count == 1:
      guard let layer = try biased(parts[0].layer, shape[0]) else { break }
      let part = GraphExpression.Part(layer: layer, kernel: parts[0].kernel)
      let number = expressions.intern(.convolution(x, [part], stride: stride, inset: inset), shape: shape)
      return GraphView(expression: number, layout: value.layout)
    case .transposedConvolution(let x, let old):
      guard let layer = try biased(old, shape[0]) else { break }
      return GraphView(
        expression: expressions.intern(.transposedConvolution(x, layer: layer), shape: shape), layout: value.layout)
    case .dense(let x, let old):
      guard let layer = try biased(old, shape[0]) else { break }
      return GraphView(
        expression: expressions.intern(.dense(x, layer: layer), shape: shape), layout: value.layout)
    default: break
    }
    guard let number = constant.uniform?.number, constant.shape.count <= value.shape.count else {
      throw unexpected(
        node,
        "adds a constant of shape \(constant.shape) to \(expressions[value.expression].label) that has a bias or none")
    }
    return expressions.shifted(value, number)
  }

  /// A bias as it is broadcast: along the dimension of the value that the channels are, and one number along others.
  func bias(_ node: ONNXModel.Node, _ value: GraphView, _ constant: GraphConstant, _ channels: Int)
    throws(LiaeError) -> GraphConstant
  {
    let channelStride = expressions.shapes[value.expression].dropFirst().reduce(1, *)
    let added = value.shape.count - constant.shape.count
    let wide = constant.shape.indices.filter { constant.shape[$0] != 1 }
    if added >= 0, constant.isFloatingPoint, let parts = value.layout.dimensions() {
      let isAlongChannels = wide.allSatisfy {
        parts[added + $0] == [Layout.Axis(size: channels, stride: channelStride)] && constant.shape[$0] == channels
      }
      let layout =
        wide.isEmpty ? constant.layout.reshaped([])?.expanded([channels]) : constant.layout.reshaped([channels])
      if isAlongChannels, let layout { return constant.with(layout) }
    }
    throw mismatch(
      node,
      "bias \(constant.name) has shape \(constant.shape)\(constant.isFloatingPoint ? "" : " and is no float") for a value of \(value.shape); expected \(channels) numbers along the channels"
    )
  }

  /// The bias of a layer's own operand: (out), or what broadcasts to it.
  mutating func number(_ node: ONNXModel.Node, bias constant: GraphConstant, _ outputs: Int) throws(LiaeError)
    -> Int
  {
    guard constant.isFloatingPoint, constant.count == outputs || constant.count == 1 && node.operation == "Gemm",
      constant.shape.last == constant.count || constant.shape.isEmpty,
      let layout = constant.layout.reshaped(constant.count == 1 ? [] : [outputs])?.expanded([outputs])
    else {
      throw mismatch(node, "bias \(constant.name) has shape \(constant.shape); expected \(outputs) numbers")
    }
    return number(constant.with(layout))
  }

  // MARK: - Shared

  /// A picture (C, H, W) as it is.
  mutating func picture(_ node: ONNXModel.Node, _ value: GraphView) throws(LiaeError) -> Int {
    guard value.shape.count == 4, let x = expressions.settled(value), expressions.shapes[x].count == 3 else {
      let source = expressions.shapes[value.expression]
      throw unexpected(
        node, "reads (N, C, H, W) of \(value.shape) in an order that no layer of ours reads, made of \(source)")
    }
    return x
  }

  mutating func whole(_ node: ONNXModel.Node, _ expression: GraphExpression, _ shape: [Int]) throws(LiaeError)
    -> GraphView
  {
    guard let view = expressions.made(expression, shape: shape) else {
      throw mismatch(node, "a result of shape \(shape) is too large")
    }
    return view
  }
}
