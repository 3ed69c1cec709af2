// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Values of one image in Double: (images, channels, side, side), the last index fastest.
package struct DoublePicture: Sendable {
  package var shape: Shape
  package var values: [Double]

  package init(_ shape: Shape, _ values: [Double]) { (self.shape, self.values) = (shape, values) }

  /// The values of each of `shape.images` pictures.
  var pictures: [[Double]] {
    let count = values.count / shape.images
    return (0..<shape.images).map { Array(values[$0 * count..<($0 + 1) * count]) }
  }
}

/// An interpreter of a graph in plain loops and in Double, of every operation that families and passes have. Derivatives
/// and passes are measured with it.
package struct DoubleNetwork {
  package let graph: Graph
  /// Canonical tensors by name.
  package var weights: [String: [Double]]

  package init(_ graph: Graph, weights: [String: [Double]]) { (self.graph, self.weights) = (graph, weights) }

  package init(_ model: Model) throws(LiaeError) {
    graph = model.graph
    weights = [:]
    for spec in graph.tensors where !spec.isUnused {
      let tensor = try model.tensor(spec.name)
      weights[spec.name] = (0..<tensor.count).map { Double(tensor[$0]) }
    }
  }

  /// Normal weights of deviation 1.25 / sqrt(fan in) and biases of deviation 0.1, for the tensors of a graph.
  package static func randomWeights(of graph: Graph, seed: UInt64) -> [String: [Double]] {
    var random = SplitMix64(state: seed)
    var weights: [String: [Double]] = [:]
    for spec in graph.tensors {
      let count = spec.shape.reduce(1, *)
      let deviation = spec.shape.count == 1 ? 0.1 : 1.25 / Double(count / spec.shape[0]).squareRoot()
      weights[spec.name] = (0..<count).map { _ in Double(random.normal()) * deviation }
    }
    return weights
  }

  /// Computes outputs or values within the network.
  ///
  /// - Parameters:
  ///   - image: values (channel, row, column) of the picture that the network reads.
  ///   - morph: of the operations that mix two codes.
  ///   - given: values that are known.
  package func evaluate(
    _ targets: [Graph.Value], image: [Double], morph: Float = 1, given: [Graph.Value: DoublePicture] = [:]
  ) throws(LiaeError) -> [DoublePicture] {
    try graph.evaluate(targets, given: given) { (node, inputs) throws(LiaeError) in
      let result = try compute(node, inputs, image, morph)
      let count = result.shape.images * result.shape.channels * result.shape.side * result.shape.side
      guard result.shape == node.shape, result.values.count == count else {
        throw LiaeError(
          .internalError, "node \(node.name): \(result.values.count) values of \(result.shape), expected \(node.shape)")
      }
      return result
    }
  }

  /// Computes outputs or values within the network by their names.
  package func evaluate(_ names: [String], image: [Double], morph: Float = 1) throws(LiaeError) -> [DoublePicture] {
    var targets: [Graph.Value] = []
    for name in names { targets.append(try graph.value(name)) }
    return try evaluate(targets, image: image, morph: morph)
  }

  private func compute(
    _ node: Graph.Node, _ inputs: [DoublePicture], _ image: [Double], _ morph: Float
  ) throws(LiaeError) -> DoublePicture {
    func each(_ body: (Double) -> Double) -> DoublePicture {
      DoublePicture(inputs[0].shape, inputs[0].values.map(body))
    }
    func pairs(_ body: (Double, Double) -> Double) -> DoublePicture {
      DoublePicture(inputs[0].shape, zip(inputs[0].values, inputs[1].values).map(body))
    }
    func perPicture(_ body: ([Double]) -> [Double]) -> DoublePicture {
      DoublePicture(node.shape, inputs[0].pictures.flatMap(body))
    }
    func concatenated(_ parts: [DoublePicture]) -> DoublePicture {
      let pictures = parts.map(\.pictures)
      return DoublePicture(
        node.shape, (0..<node.shape.images).flatMap { image in pictures.flatMap { $0[image] } })
    }
    func mix(_ a: Double, _ b: Double) -> Double { a + Double(morph) * (b - a) }
    switch node.operation {
    case .input: return DoublePicture(node.shape, image)
    case .convolution(let convolution): return try self.convolution(convolution, node, inputs)
    case .dense(let dense):
      let parameters = try dense.layers.map { (layer) throws(LiaeError) in try self.parameters(layer) }
      return perPicture { values in
        let x = dense.pixelNorm ? Self.normalised(values) : values
        return parameters.flatMap { weight, bias in
          bias.indices.map { o in x.indices.reduce(bias[o]) { $0 + weight[o * x.count + $1] * x[$1] } }
        }
      }
    case .flatten, .unflatten: return DoublePicture(node.shape, inputs[0].values)
    case .pixelNorm: return perPicture(Self.normalised)
    case .activation(let activation): return each { Self.activated($0, activation) }
    case .sum: return pairs(+)
    case .concatenation: return concatenated(inputs)
    case .lerp: return pairs(mix)
    case .mixChannels:
      let count = Int(Float(node.shape.channels) * morph), pixels = node.shape.side * node.shape.side
      let pictures = zip(inputs[0].pictures, inputs[1].pictures)
      return DoublePicture(node.shape, pictures.flatMap { $0.prefix(count * pixels) + $1.dropFirst(count * pixels) })
    case .transposedConvolution(let layer, let outputs):
      let (weight, bias) = try parameters(layer)
      return perPicture { Self.transposed($0, inputs[0].shape, weight, bias, outputs: outputs) }
    case .responseNorm(let block):
      let (weight, bias) = try parameters("\(block).frn")
      guard let epsilon = weights["\(block).frn.eps"], let threshold = weights["\(block).tlu.tau"] else {
        throw LiaeError(.missingTensor, "block \(block) has no epsilon or no threshold")
      }
      return perPicture { Self.responseNorm($0, weight, bias, epsilon[0], threshold) }
    case .blurPool(let size): return perPicture { Self.blurPool($0, inputs[0].shape, size) }
    case .depthToSpace(let order): return Self.shuffled(inputs[0], order)
    case .sigmoid: return each(Self.sigmoid)
    case .shuffledSigmoid:
      let x = Self.shuffled(inputs[0], .dcr)
      return DoublePicture(x.shape, x.values.map(Self.sigmoid))
    case .maskHead(let convolution):
      let x = try self.convolution(convolution, node, inputs)
      return DoublePicture(x.shape, x.values.map(Self.sigmoid))
    case .splitHalves(let morphs):
      let x = morphs ? pairs(mix) : inputs[0]
      let difference = DoublePicture(x.shape, zip(inputs[1].values, x.values).map(-))
      return concatenated([x, difference])
    case .stack: return DoublePicture(node.shape, inputs.flatMap(\.values))
    case .unstack(let index): return DoublePicture(node.shape, inputs[0].pictures[index])
    case .denseOutput(let index, let count):
      return perPicture { Array($0[index * $0.count / count..<(index + 1) * $0.count / count]) }
    }
  }

  func parameters(_ layer: String) throws(LiaeError) -> (weight: [Double], bias: [Double]) {
    guard let weight = weights["\(layer).weight"], let bias = weights["\(layer).bias"] else {
      throw LiaeError(.missingTensor, "layer \(layer) has no weights")
    }
    return (weight, bias)
  }

  // MARK: - Convolution

  private func convolution(
    _ convolution: Convolution, _ node: Graph.Node, _ inputs: [DoublePicture]
  ) throws(LiaeError) -> DoublePicture {
    let x = inputs[0].shape
    let side = (x.side + 2 * convolution.padding - convolution.kernel) / convolution.stride + 1
    let (weight, bias) = try kernels(convolution, inputs: x.channels)
    var sums = DoublePicture(Shape(bias.count, side, images: x.images), [])
    for picture in inputs[0].pictures {
      sums.values += Self.sums(picture, x, convolution, weight, bias, side: side)
    }
    if inputs.count == 2 { sums.values = zip(sums.values, inputs[1].values).map(+) }
    sums.values = sums.values.map { Self.activated($0, convolution.activation) }
    return convolution.depthToSpace.map { Self.shuffled(sums, $0) } ?? sums
  }

  /// The weights (out, in, kernel, kernel) that meet the input, and the biases, of all layers of a convolution.
  private func kernels(_ convolution: Convolution, inputs: Int) throws(LiaeError) -> ([Double], [Double]) {
    let k = convolution.kernel
    if convolution.layers.count == 1, convolution.reading == .plain { return try parameters(convolution.layers[0]) }
    if convolution.reading == .transposed { return try turned(convolution.layers[0], inputs: inputs) }
    var (weight, bias): ([Double], [Double]) = ([], [])
    for layer in convolution.layers {
      let (w, b) = try parameters(layer)
      guard let shape = graph.tensorShape("\(layer).weight"), shape.count == 4 else {
        throw LiaeError(.missingTensor, "layer \(layer) is no convolution")
      }
      let (channels, small) = (shape[1], shape[2])
      let border = (k - small) / 2
      for o in 0..<shape[0] {
        for c in 0..<inputs {
          for y in 0..<k {
            for x in 0..<k {
              guard (0..<small).contains(y - border), (0..<small).contains(x - border) else {
                weight.append(0)
                continue
              }
              func at(_ c: Int) -> Double { w[((o * channels + c) * small + y - border) * small + x - border] }
              switch convolution.reading {
              case .plain, .transposed: weight.append(at(c))
              case .repeatedHalf: weight.append(at(c) + at(c + channels / 2))
              case .splitHalves: weight.append(c < channels / 2 ? at(c) + at(c + channels / 2) : at(c))
              }
            }
          }
        }
      }
      bias += b
    }
    return (weight, bias)
  }

  private static func sums(
    _ x: [Double], _ shape: Shape, _ convolution: Convolution, _ weight: [Double], _ bias: [Double], side: Int
  ) -> [Double] {
    let (k, stride) = (convolution.kernel, convolution.stride)
    return [Double](unsafeUninitializedCapacity: bias.count * side * side) { sums, count in
      count = bias.count * side * side
      x.withUnsafeBufferPointer { x in
        for o in bias.indices {
          for i in 0..<side * side { sums[o * side * side + i] = bias[o] }
          for c in 0..<shape.channels {
            for tap in 0..<k * k {
              let w = weight[(o * shape.channels + c) * k * k + tap]
              let dy = tap / k - convolution.padding, dx = tap % k - convolution.padding
              // Columns whose tap lies in the picture.
              let from = dx < 0 ? (stride - 1 - dx) / stride : 0
              let to = min(side, (shape.side - dx + stride - 1) / stride)
              if from >= to { continue }
              for y in 0..<side where y * stride + dy >= 0 && y * stride + dy < shape.side {
                let line = (c * shape.side + y * stride + dy) * shape.side + dx, out = (o * side + y) * side
                for column in from..<to { sums[out + column] += w * x[line + column * stride] }
              }
            }
          }
        }
      }
    }
  }

  // MARK: - Without weights

  private static func activated(_ x: Double, _ activation: Activation) -> Double {
    switch activation {
    case .none: x
    case .leaky(let slope): x > 0 ? x : x * Double(slope)
    case .cosine: x * cos(x)
    }
  }

  private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  private static func normalised(_ x: [Double]) -> [Double] {
    let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    return x.map { $0 / (mean + 1e-6).squareRoot() }
  }

  private static func shuffled(_ x: DoublePicture, _ order: ShuffleOrder) -> DoublePicture {
    let shape = Shape(x.shape.channels / 4, x.shape.side * 2, images: x.shape.images)
    let (c, side, half) = (shape.channels, shape.side, x.shape.side)
    var values: [Double] = []
    for picture in x.pictures {
      for i in 0..<c * side * side {
        let (o, y, xx) = (i / (side * side), i / side % side, i % side)
        let quarter = y % 2 * 2 + xx % 2
        let channel = order == .crd ? o * 4 + quarter : quarter * c + o
        values.append(picture[(channel * half + y / 2) * half + xx / 2])
      }
    }
    return DoublePicture(shape, values)
  }
}
