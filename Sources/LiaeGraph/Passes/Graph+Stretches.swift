// SPDX-License-Identifier: Apache-2.0

extension Graph {
  /// Divides what leads to `target` into stretches, each of which reads nothing but the last value of the one before and
  /// given values, so that its inner values can be computed again from those.
  ///
  /// - Parameters:
  ///   - given: values that are there.
  ///   - nodes: a stretch ends at the first such place from this many nodes on, or at the target.
  /// - Returns: the last value of each stretch, in the order of their nodes, ending with the target; and the number of
  ///   nodes of each.
  package func stretches(to target: Value, given: Set<Value>, ofAtLeast nodes: Int) -> [(end: Value, nodes: Int)] {
    let isReached = reached(from: [target], stoppingAt: given)
    let last = lastReaders(among: isReached)
    var stretches: [(end: Value, nodes: Int)] = []
    var count = 0
    /// The end of the last reader's range of any value so far, but for the node at hand.
    var reach = -1
    for index in self.nodes.indices where isReached[index] && !given.contains(Value(index)) {
      count += 1
      if index == target.index || (reach <= index && count >= nodes) {
        stretches.append((Value(index), count))
        count = 0
      }
      reach = max(reach, last[index])
    }
    return stretches
  }
}
