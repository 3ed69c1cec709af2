// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Which nodes the targets need; the inputs of `stops` are not followed.
  func reached(from targets: [Value], stoppingAt stops: Set<Value> = []) -> [Bool] {
    var isReached = [Bool](repeating: false, count: nodes.count)
    for target in targets where nodes.indices.contains(target.index) { isReached[target.index] = true }
    // Inputs stand before their readers.
    for index in nodes.indices.reversed() where isReached[index] && !stops.contains(Value(index)) {
      for input in nodes[index].inputs { isReached[input.index] = true }
    }
    return isReached
  }

  /// The network that computes some of its outputs, without the nodes that they do not reach. Tensors stay all.
  ///
  /// - Throws: `unsupported` for an output that there is not.
  package func reaching(_ names: [String]) throws(LiaeError) -> Graph {
    var targets: [Value] = []
    for name in names { targets.append(try output(name)) }
    let isReached = reached(from: targets)
    return try rebuilt(outputs: names) { (index, node, inputs, graph) throws(LiaeError) in
      isReached[index] ? try graph.addCopy(node, inputs: inputs) : nil
    }
  }

  /// A graph made node by node.
  ///
  /// - Parameters:
  ///   - outputs: those that are kept; nil: all.
  ///   - replace: adds to `graph` what stands for a node, whose inputs are given in the new graph, and returns its
  ///     value; nil leaves the node out. Inputs that were left out are not among `inputs`.
  func rebuilt(
    outputs names: [String]? = nil,
    _ replace: (_ index: Int, _ node: Node, _ inputs: [Value], _ graph: inout Graph) throws(LiaeError) -> Value?
  ) throws(LiaeError) -> Graph {
    var graph = emptied()
    var moved: [Int: Value] = [:]
    for (index, node) in nodes.enumerated() {
      moved[index] = try replace(index, node, node.inputs.compactMap { moved[$0.index] }, &graph)
    }
    for output in outputs where names?.contains(output.name) ?? true {
      guard let value = moved[output.value.index] else {
        throw LiaeError(.internalError, "a pass lost the output \(output.name)")
      }
      graph.declare(output.name, value)
    }
    for (name, value) in landmarks {
      if let value = moved[value.index] { graph.mark(name, value) }
    }
    return graph
  }
}
