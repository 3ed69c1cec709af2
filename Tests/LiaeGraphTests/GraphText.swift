// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

extension Graph {
  /// A line for each node, as `2 convolution a+b leaky crd (0, 1)`: index, operation, inputs.
  var text: [String] {
    nodes.enumerated().map { index, node in
      var words = ["\(index)", node.operation.label]
      switch node.operation {
      case .convolution(let convolution):
        words.append(convolution.layers.joined(separator: "+"))
        if convolution.kernel != 3 { words.append("\(convolution.kernel)x\(convolution.kernel)") }
        if convolution.reading != .plain { words.append("\(convolution.reading)") }
        if convolution.activation != .none { words.append("active") }
        if let order = convolution.depthToSpace { words.append("\(order)") }
      case .dense(let dense):
        words.append(dense.layers.joined(separator: "+"))
        if dense.flattens { words.append("flattens") }
        if dense.pixelNorm { words.append("normalises") }
        if let side = dense.side { words.append("side \(side)") }
      case .depthToSpace(let order): words.append("\(order)")
      case .shuffledSigmoid: words.append("shuffled")
      case .maskHead(let convolution): words.append(convolution.layers.joined(separator: "+"))
      case .splitHalves(let morphs): if morphs { words.append("morphs") }
      case .unstack(let image): words.append("\(image)")
      case .denseOutput(let index, let count): words.append("\(index) of \(count)")
      default: break
      }
      let inputs = node.inputs.map { "\($0.index)" }.joined(separator: ", ")
      return words.joined(separator: " ") + " (\(inputs))"
    }
  }

  /// Adds a 3x3 convolution that keeps the side.
  mutating func convolution(_ layer: String, _ channels: Int, kernel: Int = 3, _ x: Value) throws -> Value {
    try add(
      .convolution(Convolution(layer, outputChannels: channels, kernel: kernel, padding: kernel / 2)), [x])
  }

  mutating func leaky(_ x: Value) throws -> Value { try add(.activation(.leaky(0.2)), [x]) }
}
