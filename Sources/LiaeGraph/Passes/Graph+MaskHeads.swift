// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Fuses a sigmoid with the convolution to one channel before it, so that a mask is computed in one pass over what the
  /// convolution reads; its kernel is 1x1 or, as in XSeg, 3x3. Of a convolution of a stack each image has a node of its own.
  package func fusingMaskHeads() throws(LiaeError) -> Graph {
    let readers = self.readers
    /// The convolution behind a value, if sigmoids alone read it, and the image of its stack; nil: the value is its result.
    func head(_ value: Value) -> (node: Node, convolution: Convolution, image: Int?)? {
      if case .unstack(let image) = self[value].operation, let found = head(self[value].inputs[0]) {
        return (found.node, found.convolution, image)
      }
      guard case .convolution(let convolution) = self[value].operation, self[value].inputs.count == 1,
        [1, 3].contains(convolution.kernel),
        convolution
          == Convolution(
            convolution.layers[0], outputChannels: 1, kernel: convolution.kernel, padding: convolution.kernel / 2),
        readers[value.index].allSatisfy({ isSigmoid($0) }), !outputs.contains(where: { $0.value == value })
      else { return nil }
      return (self[value], convolution, nil)
    }
    func isSigmoid(_ index: Int) -> Bool {
      switch nodes[index].operation {
      case .sigmoid: true
      case .unstack: readers[index].allSatisfy { nodes[$0].operation == .sigmoid }
      default: false
      }
    }
    // Where the inputs of the convolutions went.
    var moved = [Value?](repeating: nil, count: nodes.count)
    return try rebuilt { (index, node, inputs, graph) throws(LiaeError) in
      if node.operation == .sigmoid, let head = head(node.inputs[0]), var x = moved[head.node.inputs[0].index] {
        if let image = head.image {
          x = try graph.addDerived(.unstack(image), [x], name: node.name, part: node.part)
        }
        return try graph.addDerived(.maskHead(head.convolution), [x], name: node.name, part: node.part)
      }
      let copy = try graph.addCopy(node, inputs: inputs)
      moved[index] = copy
      return copy
    }.withoutDeadNodes()
  }
}
