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
    let readers = self.readers
    func isFolded(_ index: Int) -> Bool {
      if case .convolution(let convolution) = nodes[index].operation {
        folded.contains(convolution.layers)
      } else {
        false
      }
    }
    return try rebuilt { (index, node, inputs, graph) throws(LiaeError) in
      switch node.operation {
      case .concatenation where !readers[index].isEmpty && readers[index].allSatisfy(isFolded):
        guard inputs.count == 2, inputs[0] != inputs[1] else { break }
        // The lerp towards the second half is made while the halves are written.
        let first = graph[inputs[0]]
        let morphs = first.operation == .lerp && first.inputs[1] == inputs[1]
        return try graph.addDerived(
          .splitHalves(morphs: morphs), [morphs ? first.inputs[0] : inputs[0], inputs[1]], name: node.name,
          part: node.part)
      case .convolution(var convolution) where isFolded(index):
        guard let pair = self.pair(node) else { break }
        let isRepeated = pair.0 == pair.1
        convolution.reading = isRepeated ? .repeatedHalf : .splitHalves
        let code = isRepeated ? graph[inputs[0]].inputs[0] : inputs[0]
        return try graph.addDerived(
          .convolution(convolution), [code] + inputs.dropFirst(), name: node.name, part: node.part)
      default: break
      }
      return try graph.addCopy(node, inputs: inputs)
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
