// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Tells whether a value is the halves [x ; 0] of a code of one value with itself.
  package func hasZeroHalf(_ value: Value) -> Bool {
    let node = self[value]
    return node.operation == .splitHalves(morphs: false) && node.inputs[0] == node.inputs[1]
  }

  /// Computes two convolutions of the same layer on different values as one convolution of a stack of the two, so that
  /// the weights are read once: in a swap the mask branch for the swap and for the destination.
  ///
  /// A chain of such pairs is stacked once, in front of its first pair. Where the first convolution of that pair reads a
  /// repeated half and the second one both halves (`Convolution.reading`), the first is given the halves [x ; 0].
  package func stackingBranches() throws(LiaeError) -> Graph {
    let pairs = stackablePairs()
    guard !pairs.isEmpty else { return self }
    let seconds = Dictionary(uniqueKeysWithValues: pairs.map { ($0.value, $0.key) })
    var graph = emptied()
    var moved = [Value?](repeating: nil, count: nodes.count)
    // The stack of a pair, by its second convolution.
    var stacks: [Int: Value] = [:]

    /// Adds a node, or a pair for its second convolution, and tells whether all that it reads was there.
    func place(_ index: Int) throws(LiaeError) -> Bool {
      if seconds[index] != nil { return true }
      guard let first = pairs[index] else {
        guard let copy = try copy(index) else { return false }
        moved[index] = copy
        return true
      }
      guard let stack = try stack(first, index) else { return false }
      stacks[index] = stack
      for (image, member) in [first, index].enumerated() {
        moved[member] = try graph.addDerived(
          .unstack(image), [stack], name: nodes[member].name, part: nodes[member].part)
      }
      return true
    }
    func copy(_ index: Int) throws(LiaeError) -> Value? {
      let inputs = nodes[index].inputs.compactMap { moved[$0.index] }
      return inputs.count == nodes[index].inputs.count ? try graph.addCopy(nodes[index], inputs: inputs) : nil
    }
    func stack(_ first: Int, _ second: Int) throws(LiaeError) -> Value? {
      let (a, b) = (nodes[first], nodes[second])
      guard let x = moved[a.inputs[0].index], let y = moved[b.inputs[0].index] else { return nil }
      if pairs[b.inputs[0].index] == a.inputs[0].index, let before = stacks[b.inputs[0].index] {
        return try graph.addDerived(b.operation, [before], name: b.name, part: b.part)
      }
      let one =
        a.operation == b.operation
        ? x : try graph.addDerived(.splitHalves(morphs: false), [x, x], name: "\(a.name) code", part: a.part)
      let both = try graph.addDerived(.stack, [one, y], name: "\(a.name) inputs", part: a.part)
      return try graph.addDerived(b.operation, [both], name: b.name, part: b.part)
    }

    // Nodes whose inputs wait for the second convolution of a pair.
    var pending: [Int] = []
    for index in nodes.indices {
      var waiting: [Int] = []
      for node in [index] + pending where try !place(node) { waiting.append(node) }
      pending = waiting
    }
    while !pending.isEmpty {
      var waiting: [Int] = []
      for node in pending where try !place(node) { waiting.append(node) }
      guard waiting.count < pending.count else {
        throw LiaeError(.internalError, "node \(nodes[waiting[0]].name) reads what is stacked behind it")
      }
      pending = waiting
    }
    try graph.takeNames(of: self, moved: moved)
    return try graph.withoutDeadNodes()
  }

  /// The first convolution of each pair that is to be stacked, by the second: the same layers, operations that are equal but
  /// for a `repeatedHalf` before `splitHalves`, one input each, results of one shape, and nothing that would have to be computed
  /// both before and behind the stack.
  private func stackablePairs() -> [Int: Int] {
    var pairs: [Int: Int] = [:]
    var firsts: [[String]: Int] = [:]
    for (index, node) in nodes.enumerated() {
      guard case .convolution(var convolution) = node.operation, node.inputs.count == 1, node.shape.images == 1 else {
        continue
      }
      let layers = convolution.layers
      if let first = firsts[layers], case .convolution(let other) = nodes[first].operation,
        nodes[first].shape == node.shape
      {
        if other.reading == .repeatedHalf && convolution.reading == .splitHalves { convolution.reading = other.reading }
        pairs[index] = first
        if convolution == other, hasOrder(pairs) {
          firsts[layers] = nil
          continue
        }
        pairs[index] = nil
      }
      if firsts[layers] == nil { firsts[layers] = index }
    }
    return pairs
  }

  /// Tells whether all nodes can be computed one after the other, the two convolutions of each pair together.
  private func hasOrder(_ pairs: [Int: Int]) -> Bool {
    let seconds = Dictionary(uniqueKeysWithValues: pairs.map { ($0.value, $0.key) })
    func group(_ index: Int) -> Int { seconds[index] ?? index }
    var waits = [Int](repeating: 0, count: nodes.count)
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs {
        waits[group(index)] += 1
        readers[group(input.index)].append(group(index))
      }
    }
    var ready = nodes.indices.filter { group($0) == $0 && waits[$0] == 0 }
    var count = 0
    while let next = ready.popLast() {
      count += 1
      for reader in readers[next] {
        waits[reader] -= 1
        if waits[reader] == 0 { ready.append(reader) }
      }
    }
    return count == nodes.count - pairs.count
  }
}
