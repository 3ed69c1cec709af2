// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Folds concat(x, x) into the weights of the convolutions that read it: a convolution of concat(x, x) with the weights
  /// W is one of x with W1 + W2, the sum of the halves of W.
  ///
  /// Where the same layer also reads concat(x, y) of two values, it reads [x ; y - x] there, with [W1 + W2 ; W2]: the sum
  /// is the same, and one set of packed weights serves both. Exact in real numbers; in floating point the sums of weights
  /// are rounded once. The differences are computed in place of the concatenation, where the values are at hand, and
  /// together with the lerp if x is one towards y.
  package func foldingCodes() throws(LiaeError) -> Graph {
    let halves = nodes.map { self.halves($0) }
    var folded: Set<[String]> = []
    for (index, node) in nodes.enumerated() {
      if let halves = halves[index], halves.0 == halves.1 { folded.insert(node.operation.layers) }
    }
    func isFolded(_ index: Int) -> Bool { halves[index] != nil && folded.contains(nodes[index].operation.layers) }
    let readers = self.readers
    // What folded convolutions read in place of a concatenation, by the concatenation.
    var codes: [Value: Value] = [:]
    return try rebuilt { (index, node, inputs, graph) throws(LiaeError) in
      if case .convolution(var convolution) = node.operation, isFolded(index), let (x, y) = halves[index] {
        convolution.reading = x == y ? .repeatedHalf : .splitHalves
        let code = x == y ? graph[inputs[0]].inputs[0] : codes[node.inputs[0]]
        guard let code else { throw LiaeError(.internalError, "node \(node.name): its code is folded behind it") }
        return try graph.addDerived(
          .convolution(convolution), [code] + inputs.dropFirst(), name: node.name, part: node.part)
      }
      // Other readers of the concatenation find it where it was.
      let copy = try graph.addCopy(node, inputs: inputs)
      if node.operation == .concatenation, inputs.count == 2, inputs[0] != inputs[1],
        readers[index].contains(where: isFolded)
      {
        let first = graph[inputs[0]]
        let morphs = first.operation == .lerp && first.inputs[1] == inputs[1]
        codes[Value(index)] = try graph.addDerived(
          .splitHalves(morphs: morphs), [morphs ? first.inputs[0] : inputs[0], inputs[1]], name: node.name,
          part: node.part)
      }
      return copy
    }.withoutDeadNodes()
  }

  /// The two values of equal shape whose concatenation a convolution with weights of its own reads; nil for other nodes.
  private func halves(_ node: Node) -> (Value, Value)? {
    guard case .convolution(let convolution) = node.operation, convolution.reading == .plain,
      case let input = self[node.inputs[0]], input.operation == .concatenation, input.inputs.count == 2,
      shape(input.inputs[0]) == shape(input.inputs[1])
    else { return nil }
    return (input.inputs[0], input.inputs[1])
  }
}
