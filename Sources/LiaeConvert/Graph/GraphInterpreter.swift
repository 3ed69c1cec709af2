// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Runs an ONNX graph on descriptions in place of numbers: each value becomes an expression of the picture under a
/// layout, or a constant. Operators, their order and their wiring count; names do not.
///
/// The files beside this one hold the operators: layers, arithmetic, rearrangements, channels, and the arithmetic of
/// shapes.
struct GraphInterpreter {
  enum Value {
    case constant(GraphConstant)
    case view(GraphView)
    /// A range of the channels of a picture. Only a concatenation of such parts is a value of our networks.
    case channels(ChannelRange)
  }

  /// Weights of a convolution or a dense layer. Without a bias it adds zeros.
  struct Layer: Hashable {
    /// Constants by number: (out, in, k, k) or (out, in), and (out).
    var weight: Int
    var bias: Int?
  }

  /// Weights of a filter response norm with its threshold: constants by number, (C) each.
  struct Norm: Hashable {
    var weight, bias, threshold: Int
    var epsilon: Double
  }

  let file: String
  let graph: ONNXModel.Graph
  /// Side of the input picture, pixels.
  let resolution: Int
  /// True if the file has a morph value among its inputs, as AMP does.
  let hasMorph: Bool
  var expressions: GraphExpressions
  /// Values that layers read.
  private(set) var constants: [GraphConstant] = []
  private(set) var layers: [Layer] = []
  private(set) var norms: [Norm] = []
  private var constantNumbers: [GraphConstant: Int] = [:]
  private var layerNumbers: [Layer: Int] = [:]
  private var values: [String: Value] = [:]
  /// The count of numbers that the arithmetic of shapes may still compute; a network needs some thousands.
  private var numbersLeft = 1 << 20

  /// - Throws: `corruptFile` for a graph that contradicts itself, `shapeMismatch` for operands that do not fit,
  ///   `unknownArchitecture` for what none of our networks computes; the message names the node.
  init(_ model: ONNXModel, file: String) throws(LiaeError) {
    (self.file, graph) = (file, model.graph)
    let input = try GraphInput(model.graph.inputs, file: file)
    (resolution, hasMorph) = (input.resolution, input.morph != nil)
    expressions = GraphExpressions(batch: input.batch)
    for name in graph.initializers.names {
      if let tensor = graph.initializers[name], let constant = GraphConstant(name, tensor) {
        values[name] = .constant(constant)
      }
    }
    expressions.origin = "input \(input.picture)"
    let image = expressions.intern(.image, shape: [3, resolution, resolution])
    guard let view = expressions.view(image),
      let layout = input.isChannelsLast ? view.layout.transposed([0, 2, 3, 1]) : view.layout
    else { throw LiaeError(.limitExceeded, "\(file): input \(input.picture) is too large") }
    values[input.picture] = .view(GraphView(expression: image, layout: layout))
    if let morph = input.morph, let constant = GraphConstant([.morph(scale: 1)], shape: morph.shape) {
      values[morph.name] = .constant(constant)
    }
    for node in try nodesThatOutputsReach() { try run(node) }
  }

  /// The expression of an output of the graph as a picture, channels first.
  mutating func output(_ name: String) throws(LiaeError) -> Int {
    guard case .view(var view)? = values[name] else {
      throw LiaeError(.corruptFile, "\(file): no node computes the output \(name) from the picture")
    }
    expressions.origin = "output \(name)"
    let shape = view.shape
    var layout: Layout?
    if shape.count == 3 && shape[1] == shape[2] { layout = view.layout.reshaped([shape[0], 1, shape[1], shape[2]]) }
    if shape.count == 4 && shape[2] == shape[3] { layout = view.layout }
    if shape.count == 4 && shape[1] == shape[2] && shape[3] < 4 { layout = view.layout.transposed([0, 3, 1, 2]) }
    view.layout = layout ?? view.layout
    guard layout != nil, let expression = expressions.settled(view), expressions.shapes[expression].count == 3 else {
      throw LiaeError(
        .unknownArchitecture,
        "\(file): output \(name) has shape \(shape); expected a picture or a mask, (N, C, H, W) or (N, H, W, C)")
    }
    return expression
  }

  /// Files may hold nodes that nothing reads, left behind by training or by an editor.
  private func nodesThatOutputsReach() throws(LiaeError) -> [ONNXModel.Node] {
    var makers: [String: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for output in node.outputs where !output.isEmpty {
        guard values[output] == nil, makers.updateValue(index, forKey: output) == nil else {
          throw corrupt(node, "makes \(output), which is there already")
        }
      }
    }
    var isRead = [Bool](repeating: false, count: graph.nodes.count)
    for output in graph.outputs {
      if let maker = makers[output.name] { isRead[maker] = true }
    }
    for (index, node) in graph.nodes.enumerated().reversed() where isRead[index] {
      for input in node.inputs where !input.isEmpty {
        guard let maker = makers[input] else {
          if values[input] != nil { continue }
          throw corrupt(node, "reads \"\(input)\", which nothing makes")
        }
        guard maker < index else {
          throw corrupt(
            node, "reads \"\(input)\", which is not made before it: the graph has a cycle, or is not in order")
        }
        isRead[maker] = true
      }
    }
    return zip(graph.nodes, isRead).compactMap { $1 ? $0 : nil }
  }

  // MARK: - Nodes

  private mutating func run(_ node: ONNXModel.Node) throws(LiaeError) {
    guard node.domain.isEmpty || node.domain == "ai.onnx" else {
      throw unexpected(node, "its operator belongs to \(node.domain); expected ONNX's own")
    }
    var inputs: [Value?] = []
    for name in node.inputs { inputs.append(name.isEmpty ? nil : values[name]) }
    expressions.origin = node.label
    let results = try results(node, inputs)
    guard node.outputs.count <= results.count || node.operation == "Dropout" else {
      throw corrupt(node, "has \(node.outputs.count) outputs; expected \(results.count)")
    }
    for (name, result) in zip(node.outputs, results) where !name.isEmpty {
      if case .constant(let constant) = result, case .numbers(let numbers) = constant.source {
        numbersLeft -= numbers.count
        guard numbersLeft >= 0 else {
          throw LiaeError(.limitExceeded, "\(file): \(node.label): more arithmetic of shapes than a network needs")
        }
      }
      values[name] = result
    }
  }

  private mutating func results(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> [Value] {
    if let results = try channels(node, inputs) { return results }
    if let result = try constant(node, inputs) { return [.constant(result)] }
    if let result = try rearranged(node, inputs) { return [result] }
    if let result = try layer(node, inputs) { return [.view(result)] }
    if let result = try arithmetic(node, inputs) { return [.view(result)] }
    throw unexpected(node, "an operator that no network of ours has")
  }

  // MARK: - Operands

  /// - Throws: `unknownArchitecture` if the operand is none that depends on the picture.
  func view(_ node: ONNXModel.Node, _ inputs: [Value?], _ place: Int = 0) throws(LiaeError) -> GraphView {
    guard inputs.count > place, let input = inputs[place] else { throw corrupt(node, "lacks input \(place)") }
    switch input {
    case .view(let view): return view
    case .constant: throw unexpected(node, "input \(place) is a constant; expected a value computed from the picture")
    case .channels:
      throw unexpected(node, "reads some of the channels of a value; expected a concatenation of two such parts")
    }
  }

  /// An operand that must be a constant; nil: it is left out.
  func optionalConstant(_ node: ONNXModel.Node, _ inputs: [Value?], _ place: Int, _ what: String) throws(LiaeError)
    -> GraphConstant?
  {
    guard inputs.count > place, let input = inputs[place] else { return nil }
    guard case .constant(let constant) = input else { throw unexpected(node, "its \(what) is not a constant") }
    return constant
  }

  func constant(_ node: ONNXModel.Node, _ inputs: [Value?], _ place: Int, _ what: String) throws(LiaeError)
    -> GraphConstant
  {
    guard let constant = try optionalConstant(node, inputs, place, what) else { throw corrupt(node, "has no \(what)") }
    return constant
  }

  /// Whole numbers of an operand, or of an attribute as older operator sets have it; nil: neither is there.
  func integers(_ node: ONNXModel.Node, _ inputs: [Value?], _ place: Int, _ what: String) throws(LiaeError) -> [Int]? {
    guard let constant = try optionalConstant(node, inputs, place, what) else { return node.integers(what) }
    guard constant.count <= 64, let numbers = constant.numbers else {
      throw unexpected(node, "\(constant.count) numbers as its \(what)")
    }
    let integers = numbers.compactMap(\.integer)
    guard integers.count == numbers.count else {
      throw unexpected(node, "its \(what) \(numbers) are not whole numbers that are known")
    }
    return integers
  }

  /// A dimension by its number, which counts from the end if it is negative.
  func dimension(_ node: ONNXModel.Node, _ number: Int, rank: Int) throws(LiaeError) -> Int {
    let place = number < 0 ? number &+ rank : number
    guard place >= 0, place < rank else { throw mismatch(node, "dimension \(number) of a value of \(rank)") }
    return place
  }

  // MARK: - What layers read

  mutating func number(_ constant: GraphConstant) -> Int {
    if let number = constantNumbers[constant] { return number }
    constantNumbers[constant] = constants.count
    constants.append(constant)
    return constants.count - 1
  }

  mutating func number(_ layer: Layer) -> Int {
    if let number = layerNumbers[layer] { return number }
    layerNumbers[layer] = layers.count
    layers.append(layer)
    return layers.count - 1
  }

  mutating func number(_ norm: Norm) -> Int {
    if let number = norms.firstIndex(of: norm) { return number }
    norms.append(norm)
    return norms.count - 1
  }

  // MARK: - Errors

  func unexpected(_ node: ONNXModel.Node, _ what: String) -> LiaeError {
    LiaeError(.unknownArchitecture, "\(file): \(node.label): \(what)")
  }
  func mismatch(_ node: ONNXModel.Node, _ what: String) -> LiaeError {
    LiaeError(.shapeMismatch, "\(file): \(node.label): \(what)")
  }
  func corrupt(_ node: ONNXModel.Node, _ what: String) -> LiaeError {
    LiaeError(.corruptFile, "\(file): \(node.label): \(what)")
  }
}
