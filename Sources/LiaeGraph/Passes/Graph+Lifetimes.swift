// SPDX-License-Identifier: Apache-2.0

extension Graph {
  /// The index of the last node that reads each node: its own index if none does, `nodes.count` for an output.
  package var lifetimes: [Int] {
    var last = lastReaders(among: [Bool](repeating: true, count: nodes.count))
    for output in outputs { last[output.value.index] = nodes.count }
    return last
  }

  /// Returns the index of the last of some nodes that reads each node, or its own index.
  func lastReaders(among isIncluded: [Bool]) -> [Int] {
    var last = Array(nodes.indices)
    for (index, node) in nodes.enumerated() where isIncluded[index] {
      for input in node.inputs { last[input.index] = index }
    }
    return last
  }

  /// The indices of the nodes that read each node, ascending and once each.
  package var readers: [[Int]] {
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs where readers[input.index].last != index { readers[input.index].append(index) }
    }
    return readers
  }
}
