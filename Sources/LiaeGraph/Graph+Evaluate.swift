// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Computes values node by node: what every interpreter of the network is made of.
  ///
  /// Nodes are visited once each, in order, those alone that `targets` reach without going past a given value.
  ///
  /// - Parameters:
  ///   - given: results of values that are known.
  ///   - compute: the result of a node from those of its inputs.
  /// - Returns: the results of `targets`.
  /// - Throws: what `compute` throws.
  package func evaluate<Result>(
    _ targets: [Value], given: [Value: Result] = [:],
    _ compute: (_ node: Node, _ inputs: [Result]) throws(LiaeError) -> Result
  ) throws(LiaeError) -> [Result] {
    var results = given
    let isReached = reached(from: targets, stoppingAt: Set(given.keys))
    // Results are given up after their last reader: they may be large.
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
