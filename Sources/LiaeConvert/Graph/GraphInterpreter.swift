// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Runs an ONNX graph on descriptions in place of numbers: each node's result becomes a `GraphExpression` with a shape
/// that was checked against its weights. Operators, their order and their wiring count; names do not.
struct GraphInterpreter {
  enum Value {
    case constant(String)
    case expression(Int)
  }

  let file: String
  let graph: ONNXModel.Graph
  private(set) var expressions = GraphExpressions()
  private(set) var constants: TensorDictionary
  private var values: [String: Value] = [:]
  /// Side of the input picture.
  private(set) var resolution = 0

  /// - Throws: `unsupported` or `unknownArchitecture` for what DeepFaceLab's networks do not have, `shapeMismatch`,
  ///   `corruptFile` for a value that nothing before its reader makes.
  init(_ model: ONNXModel, file: String) throws(LiaeError) {
    (self.file, graph, constants) = (file, model.graph, model.graph.initializers)
    for name in constants.names { values[name] = .constant(name) }
    try readInput()
    for node in graph.nodes { try run(node) }
  }

  /// The expression that an output of the graph is, with a last change to channels last and a reshape of one channel
  /// taken off.
  func output(_ name: String) throws(LiaeError) -> Int {
    guard case .expression(var number)? = values[name] else {
      throw LiaeError(.corruptFile, "\(file): no node makes the output \(name)")
    }
    if case .channelsLast(let inner) = expressions[number] { number = inner }
    return number
  }

  private mutating func readInput() throws(LiaeError) {
    guard graph.inputs.count == 1, let input = graph.inputs.first else {
      throw LiaeError(
        .unknownArchitecture, "\(file): \(graph.inputs.count) inputs (\(names(graph.inputs))); expected one picture")
    }
    guard let shape = input.shape, shape.count == 4 else {
      throw LiaeError(.shapeMismatch, "\(file): input \(input.name) has no shape (N, R, R, 3)")
    }
    let sizes = shape.dropFirst().map { if case .fixed(let size) = $0 { size } else { -1 } }
    let isLast = sizes[2] == 3 && sizes[0] == sizes[1]
    guard isLast || (sizes[0] == 3 && sizes[1] == sizes[2]), Architecture.resolutionRange.contains(sizes[1]) else {
      throw LiaeError(
        .shapeMismatch,
        "\(file): input \(input.name) has shape (N, \(sizes.map { $0 < 0 ? "?" : "\($0)" }.joined(separator: ", "))); expected (N, R, R, 3), R from \(Architecture.resolutionRange.lowerBound) to \(Architecture.resolutionRange.upperBound)"
      )
    }
    resolution = sizes[1]
    values[input.name] = .expression(expressions.intern(isLast ? .channelsLastImage : .image, shape: sizes))
  }

  private func names(_ list: [ONNXModel.ValueInfo]) -> String { list.prefix(8).map(\.name).joined(separator: ", ") }

  // MARK: - Nodes

  private mutating func run(_ node: ONNXModel.Node) throws(LiaeError) {
    guard node.domain.isEmpty || node.domain == "ai.onnx" else {
      throw unexpected(node, "its operator belongs to \(node.domain); expected ONNX's own")
    }
    guard node.outputs.count == 1, let output = node.outputs.first else {
      throw unexpected(node, "\(node.outputs.count) outputs; expected one")
    }
    guard values[output] == nil else { throw corrupt(node, "makes \(output), which is there already") }
    var inputs: [Value] = []
    for name in node.inputs {
      guard let value = values[name] else {
        throw corrupt(
          node, "reads \"\(name)\", which nothing before it makes (it is missing, or the graph is a circle)")
      }
      inputs.append(value)
    }
    values[output] = try result(node, inputs, output)
  }

  private mutating func result(_ node: ONNXModel.Node, _ inputs: [Value], _ output: String) throws(LiaeError) -> Value {
    if node.operation == "Constant" {
      guard case .tensor(let tensor)? = node.attributes["value"] else {
        throw unexpected(node, "a constant that is no tensor")
      }
      constants[output] = tensor
      return .constant(output)
    }
    guard let first = inputs.first else { throw corrupt(node, "has no input") }
    let second = inputs.count > 1 ? inputs[1] : nil
    guard inputs.count <= maximumInputs(node) else { throw corrupt(node, "has \(inputs.count) inputs") }
    switch node.operation {
    case "Identity", "Cast", "Dropout": return first
    case "Add": return try add(node, first, second)
    case "Mul": return try multiply(node, first, second)
    default: break
    }
    let x = try operand(node, first)
    switch node.operation {
    case "Conv": return try convolution(node, x, inputs)
    case "MatMul", "Gemm": return try dense(node, x, inputs)
    case "LeakyRelu":
      return make(.leaky(x, slope: node.float("alpha") ?? 0.01), shape(x))
    case "Cos": return make(.cosine(x), shape(x))
    case "Sigmoid": return make(.sigmoid(x), shape(x))
    case "Flatten":
      guard node.integer("axis") ?? 1 == 1 else { throw unexpected(node, "flattens another axis than 1") }
      return try flatten(node, x)
    case "Reshape": return try reshape(node, x, try constant(node, second, "shape"))
    case "Transpose": return try transpose(node, x)
    case "DepthToSpace":
      guard node.integer("blocksize") == 2 else { throw unexpected(node, "block size other than 2") }
      return try shuffle(node, x, isDCR: node.string("mode") ?? "DCR" == "DCR")
    case "Concat": return try concatenate(node, inputs)
    case "Pow":
      let exponent = try constant(node, second, "exponent")
      guard exponent.count == 1, exponent[0] == 2 else { throw unexpected(node, "a power other than 2") }
      return make(.square(x), shape(x))
    case "ReduceMean": return try mean(node, x, second)
    case "Sqrt": return try step(node, x) { if case .meanSquarePlusEpsilon(let y) = $0 { .norm(y) } else { nil } }
    case "Reciprocal": return try step(node, x) { if case .norm(let y) = $0 { .inverseNorm(y) } else { nil } }
    case "Div":
      let divisor = try operand(node, second)
      guard case .norm(x) = expressions[divisor] else {
        throw unexpected(node, "divides by something else than a norm")
      }
      return make(.pixelNorm(x), shape(x))
    default: throw unexpected(node, "an operator that DeepFaceLab's networks do not have")
    }
  }

  private func maximumInputs(_ node: ONNXModel.Node) -> Int {
    switch node.operation {
    case "Concat": 4
    case "Conv", "Gemm": 3
    default: 2
    }
  }

  private mutating func add(_ node: ONNXModel.Node, _ a: Value, _ b: Value?) throws(LiaeError) -> Value {
    switch (a, b) {
    case (.expression(let x), .expression(let y)?):
      guard shape(x) == shape(y) else { throw mismatch(node, "adds shapes \(shape(x)) and \(shape(y))") }
      return make(.sum(x, y), shape(x))
    case (.expression(let x), .constant(let name)?), (.constant(let name), .expression(let x)?):
      guard let tensor = constants[name] else { throw corrupt(node, "reads \(name), which is missing") }
      switch expressions[x] {
      case .convolution(let input, let weight, nil, let stride, let padding):
        try checkBias(node, name, tensor, shape(x)[0])
        return make(
          .convolution(input, weight: weight, bias: name, stride: stride, padding: padding), shape(x))
      case .dense(let input, let weight, nil, let transposed):
        try checkBias(node, name, tensor, shape(x)[0])
        return make(.dense(input, weight: weight, bias: name, transposed: transposed), shape(x))
      case .meanSquare(let y):
        // 1e-6, which is 9.5e-7 in half precision.
        guard tensor.count == 1, tensor[0] > 9e-7, tensor[0] < 1.1e-6 else {
          throw unexpected(node, "the pixel norm has another epsilon than 1e-6")
        }
        return make(.meanSquarePlusEpsilon(y), [])
      default: throw unexpected(node, "adds a constant to something else than a convolution or a dense layer")
      }
    default: throw unexpected(node, "adds constants")
    }
  }

  /// A bias may stand as (C), (1, C) or (1, C, 1, 1).
  private func checkBias(_ node: ONNXModel.Node, _ name: String, _ tensor: TensorView, _ channels: Int)
    throws(LiaeError)
  {
    guard tensor.count == channels, tensor.shape.count(where: { $0 != 1 }) <= 1 else {
      throw mismatch(node, "bias \(name) has shape \(tensor.shape); expected \(channels) numbers")
    }
    let isChannelFirst = tensor.shape.count != 4 || tensor.shape[1] == channels
    guard isChannelFirst, tensor.dtype.isFloatingPoint else {
      throw mismatch(
        node, "bias \(name) is \(tensor.dtype.rawValue) of shape \(tensor.shape); expected (1, \(channels), 1, 1)")
    }
  }

  private mutating func multiply(_ node: ONNXModel.Node, _ a: Value, _ b: Value?) throws(LiaeError) -> Value {
    let (x, y) = (try operand(node, a), try operand(node, b))
    if x == y { return make(.square(x), shape(x)) }
    for (value, factor) in [(x, y), (y, x)] {
      switch expressions[factor] {
      case .cosine(value): return make(.timesCosine(value), shape(value))
      case .inverseNorm(value): return make(.pixelNorm(value), shape(value))
      default: break
      }
    }
    throw unexpected(node, "multiplies something else than x cos x or a pixel norm")
  }

  private mutating func mean(_ node: ONNXModel.Node, _ x: Int, _ axesInput: Value?) throws(LiaeError) -> Value {
    var axes = node.integers("axes")
    if let axesInput {
      let tensor = try constant(node, axesInput, "axes")
      axes = (0..<min(tensor.count, 2)).map { Int(exactly: tensor[$0]) ?? 0 }
    }
    guard case .square(let y) = expressions[x], shape(y).count == 1, axes == [1] || axes == [-1],
      node.integer("keepdims") ?? 1 == 1
    else { throw unexpected(node, "a mean of something else than the squares of a flat code") }
    return make(.meanSquare(y), [])
  }

  /// A step of one operand whose result follows from what the operand is.
  private mutating func step(
    _ node: ONNXModel.Node, _ x: Int, _ next: (GraphExpression) -> GraphExpression?
  ) throws(LiaeError) -> Value {
    guard let expression = next(expressions[x]) else { throw unexpected(node, "not part of a pixel norm") }
    return make(expression, [])
  }

  // MARK: - Shared by the operators in the other files

  mutating func make(_ expression: GraphExpression, _ shape: [Int]) -> Value {
    .expression(expressions.intern(expression, shape: shape))
  }

  func shape(_ number: Int) -> [Int] { expressions.shapes[number] }

  func operand(_ node: ONNXModel.Node, _ value: Value?) throws(LiaeError) -> Int {
    guard case .expression(let number)? = value else { throw unexpected(node, "a constant where a value is expected") }
    return number
  }

  func constant(_ node: ONNXModel.Node, _ value: Value?, _ what: String) throws(LiaeError) -> TensorView {
    guard case .constant(let name)? = value, let tensor = constants[name] else {
      throw unexpected(node, "its \(what) is not a constant")
    }
    return tensor
  }

  func constantName(_ node: ONNXModel.Node, _ value: Value, _ what: String) throws(LiaeError) -> String {
    guard case .constant(let name) = value else { throw unexpected(node, "its \(what) is not a constant") }
    return name
  }

  func unexpected(_ node: ONNXModel.Node, _ what: String) -> LiaeError {
    LiaeError(.unknownArchitecture, "\(file): \(node.label): \(what)")
  }
  func mismatch(_ node: ONNXModel.Node, _ what: String) -> LiaeError {
    LiaeError(.shapeMismatch, "\(file): \(node.label): \(what)")
  }
  func corrupt(_ node: ONNXModel.Node, _ what: String) -> LiaeError {
    LiaeError(.corruptFile, "\(file): \(node.label): \(what)")
  }
  func checkedBias(_ node: ONNXModel.Node, _ value: Value, _ channels: Int) throws(LiaeError) -> String {
    let name = try constantName(node, value, "bias")
    guard let tensor = constants[name] else { throw corrupt(node, "reads \(name), which is missing") }
    try checkBias(node, name, tensor, channels)
    return name
  }
}
