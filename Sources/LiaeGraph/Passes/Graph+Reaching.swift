// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Tells for each node whether `targets` depend on it. The inputs of `stops` are not followed.
  func reached(from targets: [Value], stoppingAt stops: Set<Value> = []) -> [Bool] {
    var isReached = [Bool](repeating: false, count: nodes.count)
    for target in targets where nodes.indices.contains(target.index) { isReached[target.index] = true }
    // Inputs stand before their readers.
    for index in nodes.indices.reversed() where isReached[index] && !stops.contains(Value(index)) {
      for input in nodes[index].inputs { isReached[input.index] = true }
    }
    return isReached
  }

  /// Tells whether a value depends on another one or is that value.
  package func depends(_ value: Value, on other: Value) -> Bool {
    nodes.indices.contains(other.index) && reached(from: [value])[other.index]
  }

  /// Names of the layers that turn `code` into `value`, in the order of their nodes.
  package func layers(from code: Value, to value: Value) -> [String] {
    let isReached = reached(from: [value], stoppingAt: [code])
    return nodes.indices.filter { isReached[$0] && $0 != code.index }.flatMap { nodes[$0].operation.layers }
  }

  /// Returns the network of some of its outputs, without the nodes that these do not depend on. All tensors remain.
  ///
  /// - Throws: `unsupported` for a name that is not that of an output.
  package func reaching(_ names: [String]) throws(LiaeError) -> Graph {
    var targets: [Value] = []
    for name in names { targets.append(try output(name)) }
    let isReached = reached(from: targets)
    return try rebuilt(outputs: names) { (index, node, inputs, graph) throws(LiaeError) in
      isReached[index] ? try graph.addCopy(node, inputs: inputs) : nil
    }
  }

  /// Returns a graph that is made from this one node by node, with its outputs and the named values that remain.
  ///
  /// - Parameters:
  ///   - outputs: names of the outputs that are kept; nil: all.
  ///   - replace: adds the replacement of a node to `graph` and returns its value, or returns nil to leave the node
  ///     out. `inputs` are the replacements of the node's inputs; those of nodes that were left out are not among them.
  func rebuilt(
    outputs names: [String]? = nil,
    _ replace: (_ index: Int, _ node: Node, _ inputs: [Value], _ graph: inout Graph) throws(LiaeError) -> Value?
  ) throws(LiaeError) -> Graph {
    var graph = emptied()
    var moved = [Value?](repeating: nil, count: nodes.count)
    for (index, node) in nodes.enumerated() {
      moved[index] = try replace(index, node, node.inputs.compactMap { moved[$0.index] }, &graph)
    }
    try graph.takeNames(of: self, outputs: names, moved: moved)
    return graph
  }

  /// Declares the outputs and marks the values of the graph that this one was made from.
  ///
  /// - Parameters:
  ///   - names: those of the outputs that are kept; nil: all.
  ///   - moved: for each node of `original` the value that stands for it; nil: none does.
  /// - Throws: `internalError` for an output for which nothing stands.
  mutating func takeNames(of original: Graph, outputs names: [String]? = nil, moved: [Value?]) throws(LiaeError) {
    for output in original.outputs where names?.contains(output.name) ?? true {
      guard let value = moved[output.value.index] else {
        throw LiaeError(.internalError, "a pass lost the output \(output.name)")
      }
      declare(output.name, value)
    }
    for (name, value) in original.namedValues {
      if let value = moved[value.index] { mark(name, value) }
    }
  }

  /// Returns the graph without the nodes that no output depends on.
  func withoutDeadNodes() throws(LiaeError) -> Graph {
    reached(from: outputs.map(\.value)).allSatisfy { $0 } ? self : try reaching(outputs.map(\.name))
  }
}
