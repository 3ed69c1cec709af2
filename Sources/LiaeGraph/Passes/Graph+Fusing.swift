// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

// Fusing makes one node of several where nothing else reads the values between them, so that a kernel computes them in
// one pass over memory.

extension Graph {
  /// Fuses everything that the inference kernels compute in one pass: convolutions, dense layers and sigmoids.
  package func fusing() throws(LiaeError) -> Graph {
    try fusingConvolutions().fusingDenseLayers().fusingSigmoids()
  }

  /// Fuses a convolution with what follows it: the sum with another value, then the activation, or the activation, then
  /// depth-to-space.
  ///
  /// - Parameters:
  ///   - orders: of the depth-to-space operations that are fused.
  ///   - channels: that their results have at least.
  package func fusingConvolutions(
    depthToSpace orders: Set<ShuffleOrder> = [.crd], ofAtLeast channels: Int = 1
  ) throws(LiaeError) -> Graph {
    let readers = self.readers
    return try rebuilt { (index, node, inputs, graph) throws(LiaeError) in
      let before = inputs.map { graph[$0] }
      /// The convolution that computes an input, if no other node reads it and no depth-to-space is fused with it.
      func convolution(_ place: Int) -> Convolution? {
        guard isRead(node.inputs[place], onlyBy: index, readers),
          case .convolution(let convolution) = before[place].operation, convolution.depthToSpace == nil
        else { return nil }
        return convolution
      }
      func add(_ convolution: Convolution, _ place: Int, _ summands: [Value] = []) throws(LiaeError) -> Value {
        try graph.addDerived(
          .convolution(convolution), before[place].inputs + summands, name: before[place].name, part: node.part)
      }
      switch node.operation {
      case .activation(let activation):
        guard var fused = convolution(0), fused.activation == .none else { break }
        fused.activation = activation
        return try add(fused, 0)
      case .sum:
        for (place, other) in [(1, 0), (0, 1)] where before[place].inputs.count == 1 {
          guard let fused = convolution(place), fused.activation == .none else { continue }
          return try add(fused, place, [inputs[other]])
        }
      case .depthToSpace(let order) where orders.contains(order):
        guard var fused = convolution(0), before[0].inputs.count == 1, fused.outputChannels >= 4 * channels else {
          break
        }
        fused.depthToSpace = order
        return try add(fused, 0)
      default: break
      }
      return try graph.addCopy(node, inputs: inputs)
    }.withoutDeadNodes()
  }

  /// Fuses a dense layer with the flattening and the pixel norm before it, or with the unflattening behind it.
  ///
  /// Other nodes may read the flattened value too: `joiningDenseLayers` makes one node of the dense layers that do.
  package func fusingDenseLayers() throws(LiaeError) -> Graph {
    let readers = self.readers
    return try rebuilt { (index, node, inputs, graph) throws(LiaeError) in
      switch node.operation {
      case .dense(var dense) where !dense.flattens:
        var picture = graph[inputs[0]]
        if picture.operation == .pixelNorm {
          dense.pixelNorm = true
          picture = graph[picture.inputs[0]]
        }
        guard picture.operation == .flatten else { break }
        dense.flattens = true
        return try graph.addDerived(.dense(dense), picture.inputs, name: node.name, part: node.part)
      case .unflatten(let side):
        let before = graph[inputs[0]]
        guard isRead(node.inputs[0], onlyBy: index, readers), case .dense(var dense) = before.operation,
          !dense.flattens, dense.side == nil
        else { break }
        dense.side = side
        return try graph.addDerived(.dense(dense), before.inputs, name: before.name, part: node.part)
      default: break
      }
      return try graph.addCopy(node, inputs: inputs)
    }.withoutDeadNodes()
  }

  /// Fuses a sigmoid with the depth-to-space in DCR order before it, or with the convolution to one channel, so that a mask is
  /// computed in one pass over what the convolution reads.
  package func fusingSigmoids() throws(LiaeError) -> Graph {
    let readers = self.readers
    return try rebuilt { (index, node, inputs, graph) throws(LiaeError) in
      guard node.operation == .sigmoid, isRead(node.inputs[0], onlyBy: index, readers) else {
        return try graph.addCopy(node, inputs: inputs)
      }
      let before = graph[inputs[0]], fused: Operation
      switch before.operation {
      case .depthToSpace(.dcr): fused = .shuffledSigmoid
      case .convolution(let convolution) where convolution.isMaskHead && before.inputs.count == 1:
        fused = .maskHead(convolution)
      default: return try graph.addCopy(node, inputs: inputs)
      }
      return try graph.addDerived(fused, before.inputs, name: node.name, part: node.part)
    }.withoutDeadNodes()
  }

  /// Tells whether one node is the only reader of a value and the value is no output.
  func isRead(_ value: Value, onlyBy index: Int, _ readers: [[Int]]) -> Bool {
    readers[value.index] == [index] && !outputs.contains { $0.value == value }
  }
}
