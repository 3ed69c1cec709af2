// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Folds codes that repeat themselves into the weights of the convolutions that read them.
  ///
  /// A convolution of concat(x, x) is one of x with the weights W1 + W2. Where the same layer elsewhere reads
  /// concat(x, y), it reads [x ; y - x] there with [W1 + W2 ; W2], so that one packing of its weights serves both. Exact
  /// in real numbers; sums of weights round once.
  package func foldingCodes() throws(LiaeError) -> Graph {
    var folded: Set<[String]> = []
    for node in nodes {
      if case .convolution(let convolution) = node.operation, let pair = self.pair(node), pair.0 == pair.1 {
        folded.insert(convolution.layers)
      }
    }
    // Of each concatenation, the halves that were made of it: several layers read them.
    var halves: [Value: Value] = [:]
    return try rebuilt { (index, node, inputs, graph) throws(LiaeError) in
      guard case .convolution(var convolution) = node.operation, folded.contains(convolution.layers),
        let pair = self.pair(node)
      else { return try graph.addCopy(node, inputs: inputs) }
      let code = inputs[0], rest = Array(inputs.dropFirst())
      let parts = graph[code].inputs
      if pair.0 == pair.1 {
        convolution.reading = .repeatedHalf
        return try graph.addDerived(
          .convolution(convolution), [parts[0]] + rest, name: node.name, part: node.part)
      }
      if halves[code] == nil {
        var (first, morphs) = (parts[0], false)
        // The lerp towards the second half is made while the halves are written.
        if graph[first].operation == .lerp, graph[first].inputs[1] == parts[1] {
          (first, morphs) = (graph[first].inputs[0], true)
        }
        halves[code] = try graph.addDerived(
          .splitHalves(morphs: morphs), [first, parts[1]], name: graph[code].name, part: graph[code].part)
      }
      convolution.reading = .splitHalves
      return try graph.addDerived(
        .convolution(convolution), [halves[code] ?? code] + rest, name: node.name, part: node.part)
    }.withoutDeadNodes()
  }

  /// The two values of equal shape whose concatenation a node reads.
  private func pair(_ node: Node) -> (Value, Value)? {
    guard let input = node.inputs.first, self[input].operation == .concatenation, self[input].inputs.count == 2 else {
      return nil
    }
    let parts = self[input].inputs
    return shape(parts[0]) == shape(parts[1]) ? (parts[0], parts[1]) : nil
  }
}
