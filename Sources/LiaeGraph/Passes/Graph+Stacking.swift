// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Runs convolutions of the same weights on different values as one convolution of a stack of them, so that weights
  /// are read once: the masks of the swap and of the destination.
  ///
  /// A chain of such convolutions is stacked from where its values are alike: at its first convolution, or where those
  /// read their codes differently, behind it.
  package func stackingBranches() throws(LiaeError) -> Graph {
    let partners = self.partners()
    guard !partners.isEmpty else { return self }
    var graph = emptied()
    var moved: [Int: Value] = [:]
    // The first node of each pair by its second; what both became.
    var stacks: [Int: Value] = [:]
    var isFirst = Set(partners.values)

    func input(_ value: Value) throws(LiaeError) -> Value? { moved[value.index] }
    /// Adds the node if all that it reads is there.
    func place(_ index: Int) throws(LiaeError) -> Bool {
      let node = nodes[index]
      let inputs = node.inputs.compactMap { moved[$0.index] }
      guard inputs.count == node.inputs.count else { return false }
      moved[index] = try graph.addCopy(node, inputs: inputs)
      return true
    }
    var pending: [Int] = []
    for index in nodes.indices {
      if let first = partners[index] {
        let (a, b) = (nodes[first], nodes[index])
        let stacked: Value
        if let before = partners[b.inputs[0].index], before == a.inputs[0].index, let stack = stacks[b.inputs[0].index]
        {
          stacked = try graph.addDerived(b.operation, [stack], name: b.name, part: b.part)
        } else if a.operation == b.operation, let x = moved[a.inputs[0].index], let y = moved[b.inputs[0].index] {
          let both = try graph.addDerived(.stack, [x, y], name: "\(a.name) inputs", part: a.part)
          stacked = try graph.addDerived(b.operation, [both], name: b.name, part: b.part)
        } else {
          guard try place(first), try place(index), let x = moved[first], let y = moved[index] else {
            throw LiaeError(.internalError, "node \(b.name) is stacked before what it reads")
          }
          stacked = try graph.addDerived(.stack, [x, y], name: "\(a.name) results", part: a.part)
        }
        stacks[index] = stacked
        isFirst.remove(first)
        for (image, node) in [first, index].enumerated() where readsOutsideStack(node, partners) {
          moved[node] = try graph.addDerived(
            .unstack(image), [stacked], name: nodes[node].name, part: nodes[node].part)
        }
      } else if !isFirst.contains(index), try !place(index) {
        pending.append(index)
      }
      var rest: [Int] = []
      for other in pending where try !place(other) { rest.append(other) }
      pending = rest
    }
    guard pending.isEmpty else {
      throw LiaeError(.internalError, "node \(nodes[pending[0]].name) reads what was stacked behind it")
    }
    for output in outputs {
      guard let value = moved[output.value.index] else {
        throw LiaeError(.internalError, "a pass lost the output \(output.name)")
      }
      graph.declare(output.name, value)
    }
    return graph
  }

  /// For each convolution the earlier one of the same weights, with inputs and results of the same kind.
  private func partners() -> [Int: Int] {
    var partners: [Int: Int] = [:]
    var free: [[String]: Int] = [:]
    for (index, node) in nodes.enumerated() {
      guard case .convolution(let convolution) = node.operation, node.inputs.count == 1, node.shape.images == 1 else {
        continue
      }
      if let first = free[convolution.layers] {
        if nodes[first].shape == node.shape {
          partners[index] = first
          free[convolution.layers] = nil
        }
      } else {
        free[convolution.layers] = index
      }
    }
    return partners
  }

  /// Whether something reads the node that is not stacked on the same stack.
  private func readsOutsideStack(_ index: Int, _ partners: [Int: Int]) -> Bool {
    if outputs.contains(where: { $0.value.index == index }) { return true }
    return nodes.indices.contains { reader in
      guard nodes[reader].inputs.contains(Value(index)) else { return false }
      return partners[reader] == nil && !partners.values.contains(reader)
    }
  }
}
