// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Name and shape of a tensor that a checkpoint holds.
package struct TensorSpec: Sendable, Hashable {
  package var name: String
  package var shape: [Int]
  /// True if no node reads the tensor, as those of the PyTorch port's extra mask stage. Such a tensor may be missing
  /// from a model; where it is there it is kept, so that a checkpoint is written back complete.
  package var isUnused = false

  package init(name: String, shape: [Int], isUnused: Bool = false) {
    (self.name, self.shape, self.isUnused) = (name, shape, isUnused)
  }

  /// `decoder` of `decoder.res0.conv1.weight`.
  package var module: String { String(name.prefix { $0 != "." }) }
  /// `decoder.res0.conv1` of `decoder.res0.conv1.weight`.
  package var layer: String { name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name }
}

/// A network: a list of nodes in single assignment, each of which reads nodes before it, and named outputs.
///
/// It is the only description of a network. The inference plan and its schedule, the plain-loop reference, the trainer,
/// the ONNX writer and recogniser and the list of canonical tensors are interpreters of it. A family is a function that
/// returns a graph (`Families`); a pass turns a graph into another one that computes the same outputs (`Passes`).
package struct Graph: Sendable {
  /// The result of a node, identified by the index of the node.
  package struct Value: Sendable, Hashable {
    package let index: Int
    package init(_ index: Int) { self.index = index }
  }

  package struct Node: Sendable {
    package var operation: Operation
    package var inputs: [Value]
    /// Names the node in messages and reports: the layer of a node that reads weights, else what it computes.
    package var name: String
    /// The section of the network that reports count the node to: `encoder`, `latent`, `picture` or `masks`.
    package var part: String
    package var shape: Shape
  }

  package private(set) var nodes: [Node] = []
  /// The values that a run can be asked for, in the order in which they were declared.
  package private(set) var outputs: [(name: String, value: Value)] = []
  /// Values within the network that interpreters find by name, such as `encoded`, the encoder's result.
  package private(set) var namedValues: [String: Value] = [:]
  /// The tensors of a checkpoint, in the order in which nodes first read them.
  package private(set) var tensors: [TensorSpec] = []
  /// `Node.part` of the nodes that are added from now on.
  package var part = ""
  /// The index in `tensors` of each tensor by its name, and the first node that reads it.
  private var places: [String: (index: Int, node: String)] = [:]

  /// Maximum number of nodes: far above that of any family.
  package static let nodeLimit = 2000

  package init() {}

  package subscript(value: Value) -> Node { nodes[value.index] }
  package func shape(_ value: Value) -> Shape { nodes[value.index].shape }
  /// All values, in the order of their nodes.
  package var values: [Value] { nodes.indices.map { Value($0) } }

  /// Returns the value of an output.
  ///
  /// - Throws: `unsupported` if the network has no output of that name.
  package func output(_ name: String) throws(LiaeError) -> Value {
    guard let output = outputs.first(where: { $0.name == name }) else {
      let known = outputs.map(\.name).joined(separator: ", ")
      throw LiaeError(.unsupported, "the network has no output \(name); it has \(known)")
    }
    return output.value
  }

  package func hasOutput(_ name: String) -> Bool { outputs.contains { $0.name == name } }

  /// Returns a value within the network by its name.
  ///
  /// - Throws: `internalError` if there is none of that name.
  package func namedValue(_ name: String) throws(LiaeError) -> Value {
    guard let value = namedValues[name] else { throw LiaeError(.internalError, "the network has no value \(name)") }
    return value
  }

  /// Returns a value within the network or an output by its name.
  ///
  /// - Throws: `unsupported` if there is none of that name.
  package func value(_ name: String) throws(LiaeError) -> Value {
    if let value = namedValues[name] { return value }
    return try output(name)
  }

  // MARK: - Building

  /// Adds the picture that the network reads, as the value `input`.
  package mutating func addInput(channels: Int, side: Int) throws(LiaeError) -> Value {
    guard channels > 0, side > 0 else {
      throw LiaeError(.shapeMismatch, "node input: \(channels) channels of side \(side)")
    }
    let value = try append(
      Node(operation: .input, inputs: [], name: "input", part: part, shape: Shape(channels, side)))
    mark("input", value)
    return value
  }

  /// Adds a node that reads `inputs`, and its tensors to `tensors`.
  ///
  /// - Parameter name: of the node; nil: the name of its layer, else of its operation.
  /// - Throws: `shapeMismatch`, whose message names the node, for inputs that are not before it, for shapes that do not
  ///   fit the operation, and for weights that another node reads in another shape; `internalError` for more than
  ///   `nodeLimit` nodes and for several layers in one node, which only passes make.
  @discardableResult
  package mutating func add(_ operation: Operation, _ inputs: [Value], name: String? = nil) throws(LiaeError) -> Value {
    let name = name ?? operation.layers.first ?? operation.label
    let value = try addDerived(operation, inputs, name: name, part: part)
    guard let input = inputs.first else { throw LiaeError(.internalError, "node \(name): reads nothing") }
    let tensors = operation.tensors(inputChannels: shape(input).channels)
    guard tensors.filter({ $0.name.hasSuffix(".weight") }).count <= 1 else {
      throw LiaeError(
        .internalError, "node \(name): reads the layers \(operation.layers.joined(separator: ", ")); expected one")
    }
    for spec in tensors { try note(spec, node: name) }
    return value
  }

  /// Adds a node that stands for others in a pass. Its layers are those of nodes that `add` has seen.
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

  /// Adds a node of another graph, reading `inputs` of this one.
  mutating func addCopy(_ node: Node, inputs: [Value]) throws(LiaeError) -> Value {
    if node.operation == .input { return try append(node) }
    return try addDerived(node.operation, inputs, name: node.name, part: node.part)
  }

  /// Makes a value an output.
  package mutating func declare(_ name: String, _ value: Value) { outputs.append((name, value)) }

  /// Gives a value within the network a name.
  package mutating func mark(_ name: String, _ value: Value) { namedValues[name] = value }

  private mutating func note(_ spec: TensorSpec, node: String) throws(LiaeError) {
    guard CheckedSize.product(spec.shape) != nil else {
      throw LiaeError(.shapeMismatch, "node \(node): weights of shape \(spec.shape) are too large")
    }
    if let known = places[spec.name] {
      guard tensors[known.index].shape == spec.shape else {
        throw LiaeError(
          .shapeMismatch,
          "node \(node): reads \(spec.name) with shape \(spec.shape), and node \(known.node) with shape \(tensors[known.index].shape)"
        )
      }
      return
    }
    places[spec.name] = (tensors.count, node)
    tensors.append(spec)
  }

  /// Adds the tensors of a layer that checkpoints hold and no node reads.
  package mutating func noteUnused(_ layer: String, weight shape: [Int]) {
    guard places["\(layer).weight"] == nil, let outputs = shape.first else { return }
    for (leaf, shape) in [("weight", shape), ("bias", [outputs])] {
      let spec = TensorSpec(name: "\(layer).\(leaf)", shape: shape, isUnused: true)
      places[spec.name] = (tensors.count, "none")
      tensors.append(spec)
    }
  }

  /// Returns a graph without nodes that has the tensors of this one, for passes to fill.
  func emptied() -> Graph {
    var graph = Graph()
    (graph.tensors, graph.places) = (tensors, places)
    return graph
  }

  // MARK: - Tensors

  /// Returns the shape of a tensor by its name, such as `LAYER.weight`; nil if the network has none of that name.
  package func tensorShape(_ name: String) -> [Int]? { places[name].map { tensors[$0.index].shape } }

  /// Number of weights that nodes read.
  package var parameterCount: Int {
    tensors.filter { !$0.isUnused }.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }
}
