// SPDX-License-Identifier: Apache-2.0

extension Graph {
  /// For each node the index of the last node that reads it: its own index if none does, `nodes.count` for an output.
  package var lifetimes: [Int] {
    var last = lastReaders(among: [Bool](repeating: true, count: nodes.count))
    for output in outputs { last[output.value.index] = nodes.count }
    return last
  }

  /// For each node the index of the last of some nodes that reads it, or its own index.
  func lastReaders(among isIncluded: [Bool]) -> [Int] {
    var last = Array(nodes.indices)
    for (index, node) in nodes.enumerated() where isIncluded[index] {
      for input in node.inputs { last[input.index] = index }
    }
    return last
  }

  /// For each node the indices of the nodes that read it, ascending and once each.
  package var readers: [[Int]] {
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs where readers[input.index].last != index { readers[input.index].append(index) }
    }
    return readers
  }
}
