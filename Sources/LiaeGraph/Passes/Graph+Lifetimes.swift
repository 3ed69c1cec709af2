// SPDX-License-Identifier: Apache-2.0

extension Graph {
  /// For each node the last node that reads it; itself where none does. Outputs are read by the run behind the last.
  package var lifetimes: [Int] {
    var last = lastReaders(among: [Bool](repeating: true, count: nodes.count))
    for output in outputs { last[output.value.index] = nodes.count }
    return last
  }

  func lastReaders(among isIncluded: [Bool]) -> [Int] {
    var last = Array(nodes.indices)
    for (index, node) in nodes.enumerated() where isIncluded[index] {
      for input in node.inputs { last[input.index] = index }
    }
    return last
  }

  /// The nodes that read each node, in order.
  package var readers: [[Int]] {
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs where readers[input.index].last != index { readers[input.index].append(index) }
    }
    return readers
  }
}
