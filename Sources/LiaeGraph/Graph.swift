// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Name and shape of a tensor that a checkpoint holds.
package struct TensorSpec: Sendable, Hashable {
  package var name: String
  package var shape: [Int]
  /// Never read by a run: the port's extra mask stage. Kept, so that a checkpoint comes back whole.
  package var isUnused = false

  package init(name: String, shape: [Int], isUnused: Bool = false) {
    (self.name, self.shape, self.isUnused) = (name, shape, isUnused)
  }
}

/// A network, written once: nodes in single assignment, each reading nodes before it, and named outputs.
///
/// Everything that walks the network is an interpreter of the graph: inference plan and schedule, reference, trainer,
/// ONNX writer and matcher, canonical tensors. A family is a function that returns a graph (`Families`); passes turn
/// one graph into another that computes the same values with fewer steps (`Passes`).
package struct Graph: Sendable {
  /// The result of a node, by the node's place.
  package struct Value: Sendable, Hashable {
    package let index: Int
    package init(_ index: Int) { self.index = index }
  }

  package struct Node: Sendable {
    package var operation: Operation
    package var inputs: [Value]
    /// For messages and reports. A node that reads weights has the name of its layer.
    package var name: String
    /// Part of the network for reports: `encoder`, `latent`, `picture`, `masks`.
    package var part: String
    package var shape: Shape
  }

  package private(set) var nodes: [Node] = []
  /// What a run can ask for, in the order in which it was declared.
  package private(set) var outputs: [(name: String, value: Value)] = []
  /// Values within the network that interpreters know by name, such as the encoder's result.
  package private(set) var landmarks: [String: Value] = [:]
  /// The canonical tensors in the order in which nodes first read them.
  package private(set) var tensors: [TensorSpec] = []
  /// Part of the nodes that are added next.
  package var part = ""
  /// Which tensors of `tensors` a layer has, and the first node that reads them.
  private var layers: [String: (weight: Int, node: String)] = [:]

  /// More than any family has; a graph beyond it is rejected.
  package static let nodeLimit = 2000

  package init() {}

  package subscript(value: Value) -> Node { nodes[value.index] }
  package func shape(_ value: Value) -> Shape { nodes[value.index].shape }
  /// All values, in order.
  package var values: [Value] { nodes.indices.map { Value($0) } }

  /// The value of an output.
  ///
  /// - Throws: `unsupported` where the network has none of that name.
  package func output(_ name: String) throws(LiaeError) -> Value {
    guard let output = outputs.first(where: { $0.name == name }) else {
      let known = outputs.map(\.name).joined(separator: ", ")
      throw LiaeError(.unsupported, "the network has no output \(name); it has \(known)")
    }
    return output.value
  }

  package func hasOutput(_ name: String) -> Bool { outputs.contains { $0.name == name } }

  /// A value within the network by its name.
  ///
  /// - Throws: `internalError` where there is none.
  package func landmark(_ name: String) throws(LiaeError) -> Value {
    guard let value = landmarks[name] else { throw LiaeError(.internalError, "the network has no value \(name)") }
    return value
  }

  // MARK: - Building

  /// Adds the picture that the network reads.
  package mutating func addInput(channels: Int, side: Int) throws(LiaeError) -> Value {
    guard channels > 0, side > 0 else {
      throw LiaeError(.shapeMismatch, "node input: \(channels) channels of side \(side)")
    }
    return try append(
      Node(operation: .input, inputs: [], name: "input", part: part, shape: Shape(channels, side)))
  }

  /// Adds a node that reads `inputs`, and takes note of its tensors.
  ///
  /// - Parameter name: nil is the name of the layer or the operation.
  /// - Throws: `shapeMismatch` naming the node: inputs that are not there yet, shapes that do not fit, or weights that
  ///   another node reads in another shape; `internalError` for more than `nodeLimit` nodes.
  @discardableResult
  package mutating func add(_ operation: Operation, _ inputs: [Value], name: String? = nil) throws(LiaeError) -> Value {
    let name = name ?? operation.layers.first ?? operation.label
    let value = try addDerived(operation, inputs, name: name, part: part)
    let x = shape(inputs[0])
    switch operation {
    case .convolution(let convolution):
      for layer in convolution.layers {
        try note(
          layer, [convolution.outputChannels, x.channels, convolution.kernel, convolution.kernel], node: name)
      }
    case .dense(let dense):
      for layer in dense.layers { try note(layer, [dense.outputs, x.channels], node: name) }
    default: break
    }
    return value
  }

  /// Adds a node that a pass has made of others, whose tensors are known already.
  @discardableResult
  mutating func addDerived(_ operation: Operation, _ inputs: [Value], name: String, part: String) throws(LiaeError)
    -> Value
  {
    if let foreign = inputs.first(where: { $0.index < 0 || $0.index >= nodes.count }) {
      throw LiaeError(
        .shapeMismatch,
        "node \(name): reads node \(foreign.index), which is not before it; a network has no cycles")
    }
    let shape: Shape
    do throws(LiaeError) { shape = try operation.shape(of: inputs.map { self.shape($0) }) } catch {
      throw error.within("node \(name)")
    }
    return try append(Node(operation: operation, inputs: inputs, name: name, part: part, shape: shape))
  }

  private mutating func append(_ node: Node) throws(LiaeError) -> Value {
    guard nodes.count < Self.nodeLimit else {
      throw LiaeError(.internalError, "node \(node.name): a network has at most \(Self.nodeLimit) nodes")
    }
    nodes.append(node)
    return Value(nodes.count - 1)
  }

  /// Copies a node whose inputs have moved.
  mutating func addCopy(_ node: Node, inputs: [Value]) throws(LiaeError) -> Value {
    if node.operation == .input { return try append(node) }
    return try addDerived(node.operation, inputs, name: node.name, part: node.part)
  }

  /// Declares an output.
  package mutating func declare(_ name: String, _ value: Value) { outputs.append((name, value)) }

  /// Gives a value within the network a name.
  package mutating func mark(_ name: String, _ value: Value) { landmarks[name] = value }

  private mutating func note(_ layer: String, _ shape: [Int], node: String) throws(LiaeError) {
    if let known = layers[layer] {
      guard tensors[known.weight].shape == shape else {
        throw LiaeError(
          .shapeMismatch,
          "node \(node): reads the weights of \(layer) with shape \(shape), and node \(known.node) with shape \(tensors[known.weight].shape)"
        )
      }
      return
    }
    layers[layer] = (tensors.count, node)
    tensors.append(TensorSpec(name: "\(layer).weight", shape: shape))
    tensors.append(TensorSpec(name: "\(layer).bias", shape: [shape[0]]))
  }

  /// Takes note of a layer that checkpoints hold and no node reads.
  package mutating func noteUnused(_ layer: String, weight shape: [Int]) {
    guard layers[layer] == nil, let outputs = shape.first else { return }
    layers[layer] = (tensors.count, "none")
    tensors.append(TensorSpec(name: "\(layer).weight", shape: shape, isUnused: true))
    tensors.append(TensorSpec(name: "\(layer).bias", shape: [outputs], isUnused: true))
  }

  /// A graph without nodes whose tensors are those of this one, for passes to fill.
  func emptied() -> Graph {
    var graph = Graph()
    (graph.tensors, graph.layers) = (tensors, layers)
    return graph
  }

  // MARK: - What follows from it

  /// The shape of a canonical tensor that a node reads.
  package func tensorShape(_ name: String) -> [Int]? {
    let layer = name.split(separator: ".").dropLast().joined(separator: ".")
    guard let known = layers[layer] else { return nil }
    return tensors[known.weight...].prefix(2).first { $0.name == name }?.shape
  }

  /// Number of weights that a run reads.
  package var parameterCount: Int {
    tensors.filter { !$0.isUnused }.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }
}
