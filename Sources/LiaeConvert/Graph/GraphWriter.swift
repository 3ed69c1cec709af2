// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Interprets a network as the nodes and weights of a `.dfm`. The result of a node is the name of the value that was
/// written for it.
///
/// Nodes are spelt as tf2onnx spells DeepFaceLab's network: convolution and bias apart, depth-to-space as Reshape,
/// Transpose, Reshape in DCR order. In half precision convolutions and what follows them, up to the sigmoid or a
/// flattening, are float16. Everything flat is float32: the pixel norm too, whose squares float16 cannot hold past 256.
struct GraphWriter {
  static let input = "in_face:0"
  static let morph = "morph_value:0"
  static let destinationMask = "out_face_mask:0"
  static let picture = "out_celeb_face:0"
  static let mask = "out_celeb_face_mask:0"
  /// The one output of XSeg.
  static let segmentMask = "out_mask:0"

  /// A value of the written graph.
  struct Value {
    var name: String
    /// The stem of the layer or operation from which the names that follow are made.
    var stem: String
    var isHalf = false
  }

  let model: Model
  /// The type of the convolutions' weights and arithmetic: float32 or float16.
  let dtype: DType
  /// True if the swap is a mix of codes, with the share as a second input: the family mixes channels.
  let morphs: Bool
  /// Convolutions whose output channels DeepFaceLab has in another order.
  let shuffled: Set<String>
  /// The prefix of the names of a branch that is written twice.
  private var branch = ""
  private(set) var nodes: [ONNXModel.Node] = []
  var initializers = TensorDictionary()
  /// Values that were cast, by the names of what they are cast to.
  private var casts: Set<String> = []

  init(_ model: Model, _ dtype: DType) {
    (self.model, self.dtype) = (model, dtype)
    shuffled = model.graph.shuffledTensors
    morphs = model.graph.nodes.contains { $0.operation == .mixChannels }
  }

  mutating func write() throws(LiaeError) {
    let graph = model.graph
    guard graph.canSwap else { return try write("segment.mask", as: Self.segmentMask, branch: "", [:]) }
    let swap = morphs ? "morph" : "swap"
    // What both decoder runs share is written once, before them.
    let codes = [try graph.namedValue("\(swap).code"), try graph.namedValue("destination.code")]
    var given: [Graph.Value: Value] = [:]
    for (code, written) in zip(codes, try write(codes, given: [:])) { given[code] = written }

    try write("\(swap).mask", as: Self.mask, branch: swap, given)
    try write("\(swap).rgb", as: Self.picture, branch: "", given)
    try write("destination.mask", as: Self.destinationMask, branch: "destination", given)
  }

  /// Writes what makes an output of the network of its codes, and the output with channels last.
  private mutating func write(
    _ output: String, as name: String, branch: String, _ given: [Graph.Value: Value]
  ) throws(LiaeError) {
    self.branch = branch
    let value = try model.graph.output(output)
    let shape = model.graph.shape(value)
    for written in try write([value], given: given) {
      let single = cast(written, isHalf: false)
      if shape.channels == 1 {
        add("Reshape", name, [single, try self.shape([shape.side, shape.side, 1])])
      } else {
        add("Transpose", name, [single], ["perm": .integers([0, 2, 3, 1])])
      }
    }
  }

  private mutating func write(_ values: [Graph.Value], given: [Graph.Value: Value]) throws(LiaeError) -> [Value] {
    let graph = model.graph
    return try graph.evaluate(values, given: given) { (node, inputs) throws(LiaeError) in
      try write(node, inputs, graph)
    }
  }

  private mutating func write(_ node: Graph.Node, _ inputs: [Value], _ graph: Graph) throws(LiaeError) -> Value {
    if node.operation == .input {
      return value(add("Transpose", "image", [Self.input], ["perm": .integers([0, 3, 1, 2])]))
    }
    guard let x = inputs.first else { throw unwritable(node) }
    switch node.operation {
    case .convolution(let layer): return try convolution(layer, x)
    case .dense(let layer): return try dense(layer, x)
    case .activation(let activation): return activate(activation, x)
    case .sum:
      guard inputs.count == 2 else { throw unwritable(node) }
      let name = "\(inputs[1].name).sum"
      let addends = inputs.map { cast($0, isHalf: x.isHalf) }
      return Value(name: add("Add", name, addends), stem: name, isHalf: x.isHalf)
    case .depthToSpace: return try depthToSpace(x, node.shape)
    case .concatenation:
      return concatenate(node.part == "latent" || !graph.canSwap ? label(node) : "heads", inputs)
    case .mixChannels:
      guard inputs.count == 2 else { throw unwritable(node) }
      return try mix(label(node), inputs, channels: node.shape.channels)
    case .flatten: return try reshape("flat", x, [node.shape.channels])
    case .unflatten(let side): return try reshape("\(label(node)).picture", x, [node.shape.channels, side, side])
    case .pixelNorm: return try pixelNorm(x)
    case .sigmoid:
      let part = node.shape.channels == 1 ? "mask" : "picture"
      let name = branch.isEmpty ? part : "\(branch).mask"
      return Value(name: add("Sigmoid", name, [x.name]), stem: name, isHalf: x.isHalf)
    case .transposedConvolution(let layer, _): return try transposed(layer, x)
    case .responseNorm(let block): return try responseNorm(block, x, channels: node.shape.channels)
    case .blurPool(let size): return try blurPool(label(node), x, size: size, channels: node.shape.channels)
    case .input, .lerp, .shuffledSigmoid, .maskHead, .splitHalves, .stack, .unstack, .denseOutput:
      throw unwritable(node)
    }
  }

  private func unwritable(_ node: Graph.Node) -> LiaeError {
    LiaeError(.unsupported, "node \(node.name): \(node.operation.label) has no form in a .dfm")
  }

  /// A name without spaces.
  private func label(_ node: Graph.Node) -> String { String(node.name.map { $0 == " " ? "." : $0 }) }

  // MARK: - Parts of the graph

  /// A float32 value of the name of its own node.
  func value(_ name: String) -> Value { Value(name: name, stem: name) }

  /// The name of a layer in the branch that is being written.
  func named(_ layer: String) -> String { branch.isEmpty ? layer : "\(branch).\(layer)" }

  /// The value in float16 or float32, by a Cast that is written once.
  mutating func cast(_ value: Value, isHalf: Bool) -> String {
    guard value.isHalf != isHalf else { return value.name }
    let name = "\(value.name).\(isHalf ? "half" : "single")"
    guard casts.insert(name).inserted else { return name }
    // The numbers of onnx.proto's data types.
    return add("Cast", name, [value.name], ["to": .integer(isHalf ? 10 : 1)])
  }

  /// A constant of 64-bit integers; equal ones are one.
  mutating func constant(_ name: String, _ values: [Int]) throws(LiaeError) -> String {
    if initializers[name] == nil {
      let bytes = try Bytes.allocate(values.count * 8)
      for (i, value) in values.enumerated() {
        bytes.base.storeBytes(of: Int64(value).littleEndian, toByteOffset: i * 8, as: Int64.self)
      }
      initializers[name] = try TensorView(dtype: .int64, shape: [values.count], storage: bytes)
    }
    return name
  }

  /// A float32 constant of several values.
  mutating func constant(_ name: String, _ values: [Float], shape: [Int]) throws(LiaeError) -> String {
    if initializers[name] == nil {
      let bytes = try Bytes.allocate(values.count * 4, for: name)
      for (i, value) in values.enumerated() { bytes.base.storeBytes(of: value, toByteOffset: i * 4, as: Float.self) }
      initializers[name] = try TensorView(dtype: .float32, shape: shape, storage: bytes)
    }
    return name
  }

  /// A float32 constant.
  mutating func constant(_ name: String, _ value: Float, shape: [Int]) throws(LiaeError) -> String {
    let bytes = try Bytes.allocate(4)
    bytes.base.storeBytes(of: value, as: Float.self)
    initializers[name] = try TensorView(dtype: .float32, shape: shape, storage: bytes)
    return name
  }

  /// A shape with the batch left open.
  mutating func shape(_ sizes: [Int]) throws(LiaeError) -> String {
    try constant("shape_\(sizes.map(String.init).joined(separator: "x"))", [-1] + sizes)
  }

  /// Adds a node whose output, which is returned, has its name.
  @discardableResult
  mutating func add(
    _ operation: String, _ name: String, _ inputs: [String], _ attributes: [String: ONNXModel.Attribute] = [:]
  ) -> String {
    nodes.append(ONNXModel.Node(operation, name: name, inputs: inputs, outputs: [name], attributes: attributes))
    return name
  }
}
