// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Takes into a node what follows it and reads it alone: into a convolution the sum with a residual, the activation
  /// and depth-to-space in CRD order; into a dense layer the flattening and pixel norm before it, or the unflattening
  /// behind it; into a sigmoid the depth-to-space before it.
  package func fusing() throws(LiaeError) -> Graph {
    let readers = self.readers
    /// The node in `graph` that stands for an input which `index` reads alone.
    func own(_ input: Value, _ index: Int) -> Bool {
      readers[input.index] == [index] && !outputs.contains { $0.value == input }
    }
    return try rebuilt { (index, node, inputs, graph) throws(LiaeError) in
      func derived(_ operation: Operation, _ inputs: [Value], _ name: String) throws(LiaeError) -> Value {
        try graph.addDerived(operation, inputs, name: name, part: node.part)
      }
      let before = inputs.map { graph[$0] }
      switch node.operation {
      case .activation(let activation):
        guard own(node.inputs[0], index), case .convolution(var convolution) = before[0].operation,
          convolution.activation == .none, !convolution.depthToSpace
        else { break }
        convolution.activation = activation
        return try derived(.convolution(convolution), before[0].inputs, before[0].name)
      case .sum:
        for (other, place) in [(0, 1), (1, 0)] {
          guard own(node.inputs[place], index), case .convolution(let convolution) = before[place].operation,
            convolution.activation == .none, !convolution.depthToSpace, before[place].inputs.count == 1
          else { continue }
          return try derived(
            .convolution(convolution), before[place].inputs + [inputs[other]], before[place].name)
        }
      case .depthToSpace(.crd):
        guard own(node.inputs[0], index), case .convolution(var convolution) = before[0].operation,
          !convolution.depthToSpace, before[0].inputs.count == 1
        else { break }
        convolution.depthToSpace = true
        return try derived(.convolution(convolution), before[0].inputs, before[0].name)
      case .dense(var dense):
        // Several layers may read the one flat value: they are joined next.
        switch before[0].operation {
        case .flatten: dense.flattens = true
        case .pixelNorm where graph[before[0].inputs[0]].operation == .flatten:
          (dense.flattens, dense.pixelNorm) = (true, true)
          return try derived(.dense(dense), graph[before[0].inputs[0]].inputs, node.name)
        default: break
        }
        guard dense.flattens else { break }
        return try derived(.dense(dense), before[0].inputs, node.name)
      case .unflatten(let side):
        guard own(node.inputs[0], index), case .dense(var dense) = before[0].operation, !dense.flattens else { break }
        dense.side = side
        return try derived(.dense(dense), before[0].inputs, before[0].name)
      case .sigmoid:
        guard own(node.inputs[0], index), before[0].operation == .depthToSpace(.dcr) else { break }
        return try derived(.shuffledSigmoid, before[0].inputs, node.name)
      default: break
      }
      return try graph.addCopy(node, inputs: inputs)
    }.withoutDeadNodes()
  }
}
