// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Makes one convolution of several that read the same value and whose results are only concatenated: of the four
  /// heads of a decoder with `d`. The weights of a smaller kernel stand in the middle of the largest.
  package func joiningConvolutions() throws(LiaeError) -> Graph {
    let readers = self.readers
    return try rebuilt { (index, node, inputs, graph) throws(LiaeError) in
      guard node.operation == .concatenation, let joined = self.joined(node, readers, index) else {
        return try graph.addCopy(node, inputs: inputs)
      }
      // The convolutions that it replaces have been copied and are without a reader now.
      return try graph.addDerived(
        .convolution(joined), Array(graph[inputs[0]].inputs), name: joined.name, part: node.part)
    }.withoutDeadNodes()
  }

  /// The convolution that computes a concatenation; nil if there is none.
  private func joined(_ node: Node, _ readers: [[Int]], _ index: Int) -> Convolution? {
    var parts: [Convolution] = []
    for input in node.inputs {
      guard case .convolution(let part) = self[input].operation, self[input].inputs.count == 1,
        self[input].inputs == self[node.inputs[0]].inputs, isRead(input, onlyBy: index, readers)
      else { return nil }
      parts.append(part)
    }
    // Centres of odd kernels coincide where the kernels reach equally far beyond the padding.
    guard parts.count > 1, var joined = parts.max(by: { $0.kernel < $1.kernel }),
      parts.allSatisfy({
        $0.layers.count == 1 && $0.stride == joined.stride && $0.activation == .none && $0.depthToSpace == nil
          && $0.reading == .plain && $0.kernel % 2 == 1
          && $0.kernel / 2 - $0.padding == joined.kernel / 2 - joined.padding
      })
    else { return nil }
    joined.layers = parts.flatMap(\.layers)
    joined.outputChannels = self[Value(index)].shape.channels
    return joined
  }

  /// Makes one dense layer of several that read the same value and have equally many outputs, so that the value is read
  /// from memory once.
  package func joiningDenseLayers() throws(LiaeError) -> Graph {
    var groups: [(input: Value, dense: Dense, members: [Int])] = []
    for (index, node) in nodes.enumerated() {
      guard case .dense(let dense) = node.operation, dense.side == nil, dense.layers.count == 1 else { continue }
      var alike = dense
      alike.layers = []
      if let group = groups.firstIndex(where: { $0.input == node.inputs[0] && $0.dense == alike }) {
        groups[group].members.append(index)
      } else {
        groups.append((node.inputs[0], alike, [index]))
      }
    }
    groups.removeAll { $0.members.count < 2 }
    var joined: [Int: Value] = [:]
    return try rebuilt { (index, node, inputs, graph) throws(LiaeError) in
      guard let group = groups.first(where: { $0.members.contains(index) }) else {
        return try graph.addCopy(node, inputs: inputs)
      }
      let first = group.members[0], count = group.members.count
      let all: Value
      if let made = joined[first] {
        all = made
      } else {
        var dense = group.dense
        dense.layers = group.members.flatMap { self.nodes[$0].operation.layers }
        dense.outputs *= count
        all = try graph.addDerived(.dense(dense), inputs, name: dense.name, part: node.part)
        joined[first] = all
      }
      let place = group.members.firstIndex(of: index) ?? 0
      return try graph.addDerived(.denseOutput(place, of: count), [all], name: node.name, part: node.part)
    }
  }
}

extension Convolution {
  /// The layer's name; for joined layers the common beginning of their names and an s, as in `decoder.out_convs`.
  package var name: String {
    guard layers.count > 1, let first = layers.first else { return layers.first ?? "" }
    let common = first.indices.last { end in layers.allSatisfy { $0.hasPrefix(first[...end]) } }
    return common.map { "\(first[...$0])s" } ?? layers.joined(separator: " + ")
  }
}

extension Dense {
  /// The layer's name; for joined layers all of their names.
  package var name: String { layers.joined(separator: " + ") }
}
