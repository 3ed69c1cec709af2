// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Computes values node by node. Every interpreter of the network is a call of this function.
  ///
  /// Visits the nodes that `targets` depend on once each, in order. Nodes that only given values depend on are not
  /// visited. A result is released after its last reader.
  ///
  /// - Parameters:
  ///   - given: results that are known already.
  ///   - compute: returns the result of a node from those of its inputs.
  /// - Returns: the results of `targets`, in their order.
  /// - Throws: what `compute` throws; `internalError` for a target that the graph does not have.
  package func evaluate<Result>(
    _ targets: [Value], given: [Value: Result] = [:],
    _ compute: (_ node: Node, _ inputs: [Result]) throws(LiaeError) -> Result
  ) throws(LiaeError) -> [Result] {
    var results = given
    let isReached = reached(from: targets, stoppingAt: Set(given.keys))
    let last = lastReaders(among: isReached)
    let kept = Set(targets)
    for (index, node) in nodes.enumerated() where isReached[index] && results[Value(index)] == nil {
      var inputs: [Result] = []
      for input in node.inputs {
        guard let result = results[input] else {
          throw LiaeError(.internalError, "node \(node.name) is computed before node \(nodes[input.index].name)")
        }
        inputs.append(result)
      }
      results[Value(index)] = try compute(node, inputs)
      for input in node.inputs where last[input.index] == index && !kept.contains(input) { results[input] = nil }
    }
    var wanted: [Result] = []
    for target in targets {
      guard let result = results[target] else {
        throw LiaeError(.internalError, "the network has no node \(target.index)")
      }
      wanted.append(result)
    }
    return wanted
  }
}
