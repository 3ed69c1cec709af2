// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// An interpreter of a model's graph, one node and one image at a time, with nothing folded, fused or repacked.
///
/// It follows DeepFaceLab and its PyTorch port and is held against both by `golden/networks`.
package struct ReferenceNetwork: Sendable {
  package enum Backend: Sendable, CaseIterable {
    /// Direct loops with sums in Double: what every other implementation is compared with.
    case plainLoops
    /// im2col and `cblas_sgemm` in float32: slower than a tuned engine, much faster than direct loops.
    case openBLAS
  }

  package struct Output: Sendable {
    /// (rgbSide, rgbSide, 3) in the model's channel order.
    package var rgb: [Float]
    /// (maskSide, maskSide).
    package var mask: [Float]
    /// (maskSide, maskSide); empty if it was not requested.
    package var destinationMask: [Float]
  }

  package let graph: Graph
  let backend: Backend
  private let weights: [String: TensorView]

  /// - Throws: `outOfMemory`, if weights have to be converted to float32.
  package init(model: Model, backend: Backend) throws(LiaeError) {
    (graph, self.backend) = (model.graph, backend)
    var weights: [String: TensorView] = [:]
    for spec in graph.tensors where !spec.isUnused {
      weights[spec.name] = try Self.alignedFloat32(model.tensor(spec.name))
    }
    self.weights = weights
  }

  /// A mapped file may hold its floats at any address; loops over pointers need multiples of four.
  private static func alignedFloat32(_ tensor: TensorView) throws(LiaeError) -> TensorView {
    let tensor = try tensor.asFloat32()
    defer { withExtendedLifetime(tensor) {} }
    if UInt(bitPattern: tensor.storage.base + tensor.offset) % 4 == 0 { return tensor }
    return try TensorView(dtype: .float32, shape: tensor.shape, storage: Bytes.copy(tensor.raw))
  }

  /// Computes the picture and the mask of a mode, and on request the destination's mask.
  ///
  /// - Parameter image: (resolution, resolution, 3), 0...1, in the model's channel order.
  /// - Throws: as `evaluate`.
  package func run(_ mode: RunMode, image: [Float], wantDestinationMask: Bool) throws(LiaeError) -> Output {
    var morph: Float = 1
    if case .morph(let value) = mode { morph = value }
    let names = ["\(mode.branch).rgb", "\(mode.branch).mask"] + (wantDestinationMask ? ["destination.mask"] : [])
    let maps = try maps(names, image: image, morph: morph)
    return Output(
      rgb: maps[0].interleaved(), mask: maps[1].interleaved(),
      destinationMask: wantDestinationMask ? maps[2].interleaved() : [])
  }

  /// Computes the mask of a network that segments a face, (maskSide, maskSide).
  ///
  /// - Parameter image: (resolution, resolution, 3), 0...1, in the model's channel order.
  /// - Throws: as `evaluate`.
  package func segment(image: [Float]) throws(LiaeError) -> [Float] {
    try maps(["segment.mask"], image: image, morph: 1)[0].interleaved()
  }

  /// Computes outputs or values within the network by their names in the graph.
  ///
  /// - Parameters:
  ///   - image: (resolution, resolution, 3), 0...1, in the model's channel order.
  ///   - morph: 0...1; read only by values that are mixed of two codes.
  /// - Returns: the values in the order channel, row, column.
  /// - Throws: `invalidArgument` for a wrong number of image values or a morph outside 0...1, `unsupported` for a name
  ///   that the graph does not have, `outOfMemory`.
  package func evaluate(_ names: [String], image: [Float], morph: Float = 1) throws(LiaeError) -> [[Float]] {
    try maps(names, image: image, morph: morph).map { Array(UnsafeBufferPointer(start: $0.values, count: $0.count)) }
  }

  private func maps(_ names: [String], image: [Float], morph: Float) throws(LiaeError) -> [FeatureMap] {
    guard morph >= 0, morph <= 1 else { throw LiaeError(.invalidArgument, "morph \(morph) is outside 0...1") }
    var targets: [Graph.Value] = []
    for name in names { targets.append(try graph.value(name)) }
    return try graph.evaluate(targets) { (node, inputs) throws(LiaeError) in
      try compute(node, inputs, image: image, morph: morph)
    }
  }

  // MARK: - Operations

  private func compute(
    _ node: Graph.Node, _ inputs: [FeatureMap], image: [Float], morph: Float
  ) throws(LiaeError) -> FeatureMap {
    let out = try FeatureMap(channels: node.shape.channels, side: node.shape.side)
    /// The first input in `out`, for operations in place.
    func copy() -> UnsafeMutablePointer<Float> {
      out.values.update(from: inputs[0].values, count: out.count)
      return out.values
    }
    switch node.operation {
    case .input: try fill(out, image)
    case .convolution(let layer)
    where layer.layers.count == 1 && layer.reading == .plain && inputs.count == 1
      && layer.activation == .none && layer.depthToSpace == nil:
      try convolution(layer, inputs[0], out)
    case .dense(let layer) where layer.layers.count == 1 && !layer.flattens && layer.side == nil:
      let (weight, bias) = try parameters(layer.layers[0])
      let run = backend == .plainLoops ? Reference.dense : Reference.denseOpenBLAS
      run(inputs[0].count, out.count, inputs[0].values, weight, bias, out.values)
    case .flatten, .unflatten, .activation(.none): _ = copy()
    case .pixelNorm: Reference.pixelNorm(count: out.count, copy())
    case .activation(.leaky(let slope)): Reference.leakyReLU(count: out.count, slope: slope, copy())
    case .activation(.cosine): Reference.cosineActivation(count: out.count, copy())
    case .sum: Reference.addResidual(count: out.count, inputs[1].values, to: copy())
    case .concatenation:
      var next = out.values
      for input in inputs {
        next.update(from: input.values, count: input.count)
        next += input.count
      }
    case .lerp: Reference.lerp(count: out.count, inputs[0].values, inputs[1].values, t: morph, output: out.values)
    case .mixChannels:
      Reference.mixChannels(
        channels: out.channels, pixels: out.side * out.side, inputs[0].values, inputs[1].values, morph: morph,
        output: out.values)
    case .depthToSpace(let order):
      Reference.depthToSpace(
        order, channels: out.channels, height: inputs[0].side, width: inputs[0].side, input: inputs[0].values,
        output: out.values)
    case .transposedConvolution(let layer, let outputs):
      let (weight, bias) = try parameters(layer)
      Reference.transposedConv2D(
        inputChannels: inputs[0].channels, outputChannels: outputs, side: inputs[0].side, input: inputs[0].values,
        weights: weight, bias: bias, output: out.values)
    case .responseNorm(let block):
      let (weight, bias) = try parameters("\(block).frn")
      Reference.responseNorm(
        channels: out.channels, pixels: out.side * out.side, weight: weight, bias: bias,
        epsilon: try parameter("\(block).frn.eps").pointee, threshold: try parameter("\(block).tlu.tau"), copy())
    case .blurPool(let size):
      Reference.blurPool(
        size: size, channels: out.channels, side: inputs[0].side, input: inputs[0].values, output: out.values)
    case .sigmoid: Reference.sigmoid(count: out.count, copy())
    case .convolution, .dense, .shuffledSigmoid, .maskHead, .splitHalves, .stack, .unstack, .denseOutput:
      throw LiaeError(
        .internalError, "node \(node.name): the reference computes networks before any pass, not \(node.operation)")
    }
    return out
  }

  private func fill(_ map: FeatureMap, _ image: [Float]) throws(LiaeError) {
    guard image.count == map.count else {
      throw LiaeError(
        .invalidArgument,
        "the image holds \(image.count) values; expected \(map.side) by \(map.side) pixels of \(map.channels)")
    }
    let pixels = map.side * map.side
    for pixel in 0..<pixels {
      for c in 0..<map.channels { map.values[c * pixels + pixel] = image[pixel * map.channels + c] }
    }
  }

  private func convolution(_ layer: Convolution, _ x: FeatureMap, _ out: FeatureMap) throws(LiaeError) {
    let (weight, bias) = try parameters(layer.layers[0])
    let shape = Reference.Conv2DShape(
      inputChannels: x.channels, outputChannels: layer.outputChannels, inputHeight: x.side, inputWidth: x.side,
      kernel: layer.kernel, stride: layer.stride, padding: layer.padding)
    switch backend {
    case .plainLoops: Reference.conv2d(shape, input: x.values, weights: weight, bias: bias, output: out.values)
    case .openBLAS:
      try Reference.conv2dOpenBLAS(shape, input: x.values, weights: weight, bias: bias, output: out.values)
    }
  }

  private func parameters(_ layer: String) throws(LiaeError) -> (UnsafePointer<Float>, UnsafePointer<Float>) {
    (try parameter("\(layer).weight"), try parameter("\(layer).bias"))
  }

  private func parameter(_ name: String) throws(LiaeError) -> UnsafePointer<Float> {
    guard let tensor = weights[name] else { throw LiaeError(.missingTensor, "tensor \(name) is missing") }
    return UnsafePointer((tensor.storage.base + tensor.offset).assumingMemoryBound(to: Float.self))
  }
}
