// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeSystem

/// The masks that are computed with the convolution before them, so that its result needs no memory: which these are depends on
/// the width of vectors, so the graph does not say it.
struct FusedHeads {
  struct Head {
    let convolution: Convolution
    /// The mask of each image of a stack, in their order.
    let masks: [Graph.Value]
  }

  /// The heads by the node of the convolution before them.
  private(set) var heads: [Int: Head] = [:]
  /// Nodes whose values have no place in memory: those convolutions, and what unstacks them. The masks that read them need no step.
  private(set) var placeless: Set<Int> = []

  /// - Throws: `internalError` for weights that are not packed.
  init(_ graph: Graph, _ weights: PackedWeights) throws(LiaeError) {
    let readers = graph.readers
    let outputs = Set(graph.outputs.map(\.value))
    for (index, node) in graph.nodes.enumerated() {
      guard case .convolution(let convolution) = node.operation, node.inputs.count == 1,
        !outputs.contains(Graph.Value(index)), try weights.convolution(convolution).takesMaskHead
      else { continue }
      let parts = node.shape.images == 1 ? [index] : readers[index]
      guard parts.indices.allSatisfy({ parts[$0] == index || graph.nodes[parts[$0]].operation == .unstack($0) }),
        parts.count == node.shape.images,
        parts.allSatisfy({ readers[$0].count == 1 && !outputs.contains(Graph.Value($0)) })
      else { continue }
      let masks = parts.map { readers[$0][0] }
      guard let first = masks.first, case .maskHead(let head) = graph.nodes[first].operation, head.kernel == 1,
        masks.allSatisfy({ graph.nodes[$0].operation == .maskHead(head) && outputs.contains(Graph.Value($0)) })
      else { continue }
      heads[index] = Head(convolution: head, masks: masks.map { Graph.Value($0) })
      placeless.formUnion([index] + parts)
    }
  }
}
