// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

/// A network of ours in the terms in which a file is read, so that the two can be compared.
struct NetworkExpressions {
  let architecture: Architecture
  let graph: Graph
  private(set) var expressions = GraphExpressions(batch: 1)
  /// Names of layers, by the numbers that convolutions and dense layers have for them.
  private(set) var layers: [String] = []
  /// Outputs by name.
  private(set) var outputs: [String: Int] = [:]

  init(_ architecture: Architecture) throws(LiaeError) {
    self.architecture = architecture
    let graph = try Graph(architecture)
    self.graph = graph
    let views = try graph.evaluate(graph.outputs.map(\.value)) { (node, inputs: [GraphView]) throws(LiaeError) in
      try add(node, inputs)
    }
    for (output, view) in zip(graph.outputs, views) {
      expressions.origin = output.name
      outputs[output.name] = expressions.settled(view)
    }
  }

  private mutating func add(_ node: Graph.Node, _ inputs: [GraphView]) throws(LiaeError) -> GraphView {
    expressions.origin = node.name
    let layout = inputs.first?.layout
    let (channels, side) = (node.shape.channels, node.shape.side)
    var result: GraphView?
    switch node.operation {
    case .input: result = made(.image, [channels, side, side])
    case .convolution(let convolution):
      result = made(inputs, [channels, side, side]) { x in
        .convolution(
          x[0], convolution.layers.map { .init(layer: number($0), kernel: convolution.kernel) },
          stride: convolution.stride, inset: convolution.kernel / 2 - convolution.padding)
      }
    case .dense(let dense): result = made(inputs, [channels]) { .dense($0[0], layer: number(dense.layers[0])) }
    case .flatten: result = moved(inputs, layout?.reshaped([1, channels]))
    case .unflatten(let side): result = moved(inputs, layout?.reshaped([1, channels, side, side]))
    case .depthToSpace(let order): result = inputs.first.flatMap { expressions.depthToSpace($0, order, blockSize: 2) }
    case .pixelNorm: result = inputs.first.map { expressions.pixelNorm($0) }
    case .activation(let activation): result = inputs.first.map { expressions.activation($0, activation) }
    case .sigmoid: result = inputs.first.map { expressions.sigmoid($0) }
    case .sum: result = inputs.count == 2 ? expressions.sum(inputs[0], inputs[1]) : nil
    case .concatenation: result = expressions.concatenation(inputs, dimension: 1)
    case .mixChannels: result = made(inputs, [channels, side, side]) { .mixChannels($0[0], $0[1]) }
    default: result = made(.other("a \(node.operation.label)"), [channels, side, side])
    }
    guard let result else {
      throw LiaeError(.internalError, "node \(node.name): cannot be compared with the nodes of a file")
    }
    return result
  }

  private mutating func made(_ expression: GraphExpression, _ shape: [Int]) -> GraphView? {
    expressions.view(expressions.intern(expression, shape: shape))
  }

  /// What a node that needs its operands as they are makes of them.
  private mutating func made(_ inputs: [GraphView], _ shape: [Int], _ expression: ([Int]) -> GraphExpression)
    -> GraphView?
  {
    let operands = inputs.compactMap { expressions.settled($0) }
    return operands.count == inputs.count && !inputs.isEmpty ? made(expression(operands), shape) : nil
  }

  private func moved(_ inputs: [GraphView], _ layout: Layout?) -> GraphView? {
    guard let layout, let input = inputs.first else { return nil }
    return GraphView(expression: input.expression, layout: layout)
  }

  private mutating func number(_ layer: String) -> Int {
    if let number = layers.firstIndex(of: layer) { return number }
    layers.append(layer)
    return layers.count - 1
  }
}
