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
  private var outputs: [String: Int] = [:]

  init(_ architecture: Architecture) throws(LiaeError) {
    self.architecture = architecture
    graph = try Graph(architecture)
  }

  /// The expression of an output.
  mutating func output(_ name: String) throws(LiaeError) -> Int {
    if let output = outputs[name] { return output }
    let graph = graph
    let views = try graph.evaluate([try graph.output(name)]) { (node, inputs: [GraphView]) throws(LiaeError) in
      try add(node, inputs)
    }
    expressions.origin = name
    guard let output = views.first.flatMap({ expressions.settled($0) }) else {
      throw LiaeError(.internalError, "output \(name): cannot be compared with the outputs of a file")
    }
    outputs[name] = output
    return output
  }

  private mutating func add(_ node: Graph.Node, _ inputs: [GraphView]) throws(LiaeError) -> GraphView {
    expressions.origin = node.name
    let layout = inputs.first?.layout
    let (channels, side) = (node.shape.channels, node.shape.side)
    var result: GraphView?
    switch node.operation {
    case .input: result = made(.image, [channels, side, side])
    case .convolution(let convolution):
      let parts = convolution.layers.map { GraphExpression.Part(layer: number($0), kernel: convolution.kernel) }
      result = made(inputs, [channels, side, side]) {
        .convolution(
          $0[0], parts, stride: convolution.stride, inset: convolution.kernel / 2 - convolution.padding)
      }
    case .dense(let dense):
      let layers = dense.layers.map { number($0) }
      result = layers.count == 1 ? made(inputs, [channels]) { .dense($0[0], layer: layers[0]) } : nil
    case .flatten: result = moved(inputs, layout?.reshaped([1, channels]))
    case .unflatten(let side): result = moved(inputs, layout?.reshaped([1, channels, side, side]))
    case .depthToSpace(let order): result = inputs.first.flatMap { expressions.depthToSpace($0, order, blockSize: 2) }
    case .pixelNorm: result = inputs.first.map { expressions.pixelNorm($0) }
    case .activation(let activation): result = inputs.first.map { expressions.activation($0, activation) }
    case .sigmoid: result = inputs.first.map { expressions.sigmoid($0) }
    case .sum: result = inputs.count == 2 ? expressions.sum(inputs[0], inputs[1]) : nil
    case .concatenation: result = expressions.concatenation(inputs, dimension: 1)
    case .mixChannels: result = made(inputs, [channels, side, side]) { .mixChannels($0[0], $0[1]) }
    case .transposedConvolution(let layer, _):
      let layer = number(layer)
      result = made(inputs, [channels, side, side]) { .transposedConvolution($0[0], layer: layer) }
    case .responseNorm(let block):
      let norm = number(block)
      result = made(inputs, [channels, side, side]) { .responseNorm($0[0], norm: norm) }
    case .blurPool(let size): result = made(inputs, [channels, side, side]) { .blurPool($0[0], size: size) }
    default: result = made(.other("a \(node.operation.label)"), [channels, side, side])
    }
    guard let result else {
      throw LiaeError(.internalError, "node \(node.name): cannot be compared with the nodes of a file")
    }
    return result
  }

  private mutating func made(_ expression: GraphExpression, _ shape: [Int]) -> GraphView? {
    expressions.made(expression, shape: shape)
  }

  /// Returns the result of a node that needs its operands as they are.
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
