// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// A model run layer by layer as `Network` lists them, one image at a time, with nothing folded, fused or repacked.
///
/// Follows DeepFaceLab's SAEHD and of its PyTorch port, `golden/networks` being the judge.
package struct ReferenceNetwork: Sendable {
  package enum Backend: Sendable, CaseIterable {
    /// Sums in Double: the law.
    case plainLoops
    /// im2col and `cblas_sgemm` in float32: slower than a tuned engine, much faster than plain loops.
    case openBLAS
  }

  /// What the decoder is given.
  package enum Code: Sendable, Equatable {
    case swap, reconstructDestination, reconstructSource
    /// lerp(B, AB, t), AB for t in 0...1; LIAE only.
    case morph(Float)
  }

  package struct Output: Sendable {
    /// (rgbSide, rgbSide, 3) in the model's channel order.
    package var rgb: [Float]
    /// (maskSide, maskSide).
    package var mask: [Float]
    /// (maskSide, maskSide); empty where it was not asked for.
    package var destinationMask: [Float]
  }

  package let network: Network
  let backend: Backend
  private let weights: [String: TensorView]

  /// - Throws: `outOfMemory`, where weights have to become float32.
  package init(model: Model, backend: Backend) throws(LiaeError) {
    network = Network(model.architecture)
    self.backend = backend
    var weights: [String: TensorView] = [:]
    for spec in model.architecture.tensors where !spec.isUnused {
      weights[spec.name] = try Self.alignedFloat32(model.tensor(spec.name))
    }
    self.weights = weights
  }

  /// A mapped file may hold its floats at any address; a loop over pointers wants them at multiples of four.
  private static func alignedFloat32(_ tensor: TensorView) throws(LiaeError) -> TensorView {
    let tensor = try tensor.asFloat32()
    defer { withExtendedLifetime(tensor) {} }
    if UInt(bitPattern: tensor.storage.base + tensor.offset) % 4 == 0 { return tensor }
    return try TensorView(dtype: .float32, shape: tensor.shape, storage: Bytes.copy(tensor.raw))
  }

  /// - Parameter image: (resolution, resolution, 3), 0...1, in the model's channel order.
  /// - Throws: `invalidArgument` for a wrong number of values or a morph outside 0...1, `unsupported` for a morph of a
  ///   DF network, `outOfMemory`.
  package func run(_ code: Code, image: [Float], wantDestinationMask: Bool) throws(LiaeError) -> Output {
    let encoded = try encoded(image)
    let (latent, decoder) = try latent(encoded, code)
    var destinationMask: [Float] = []
    if wantDestinationMask {
      let (latent, decoder) = try self.latent(encoded, .reconstructDestination)
      destinationMask = try mask(decoder, latent).interleaved()
    }
    return try Output(
      rgb: rgb(decoder, latent).interleaved(), mask: mask(decoder, latent).interleaved(),
      destinationMask: destinationMask)
  }

  /// The encoder's output, flat in the order channel, row, column, after the pixel norm.
  package func encode(_ image: [Float]) throws(LiaeError) -> [Float] {
    let map = try encoded(image)
    return Array(UnsafeBufferPointer(start: map.values, count: map.count))
  }

  // MARK: - Modules

  private func encoded(_ image: [Float]) throws(LiaeError) -> FeatureMap {
    let side = network.architecture.resolution
    guard image.count == side * side * 3 else {
      throw LiaeError(
        .invalidArgument, "the image holds \(image.count) values; expected \(side) by \(side) pixels of 3")
    }
    var x = try FeatureMap(channels: 3, side: side)
    for pixel in 0..<side * side {
      for c in 0..<3 { x.values[c * side * side + pixel] = image[pixel * 3 + c] }
    }
    for step in network.encoder {
      switch step {
      case .convolution(let layer): x = try convolution(layer, x)
      case .residual(let first, let second): x = try residual(first, second, x)
      }
    }
    if network.architecture.pixelNorm { Reference.pixelNorm(count: x.count, x.values) }
    return x
  }

  /// What the decoder is fed for `code`, and which decoder.
  private func latent(_ encoded: FeatureMap, _ code: Code) throws(LiaeError) -> (FeatureMap, DecoderModule) {
    if network.architecture.family == .df {
      if case .morph = code { throw LiaeError(.unsupported, "a DF network cannot morph: it has one code only") }
      let decoder = network.decoders[code == .reconstructDestination ? 1 : 0]
      return (try inter(network.inters[0], encoded), decoder)
    }
    let ab = try inter(network.inters[0], encoded)
    let first: FeatureMap
    switch code {
    case .swap, .reconstructSource: first = ab
    case .reconstructDestination: first = try inter(network.inters[1], encoded)
    case .morph(let t):
      guard t >= 0, t <= 1 else { throw LiaeError(.invalidArgument, "morph \(t) is outside 0...1") }
      let b = try inter(network.inters[1], encoded)
      first = try FeatureMap(channels: ab.channels, side: ab.side)
      Reference.lerp(count: first.count, b.values, ab.values, t: t, output: first.values)
    }
    return (try .concatenation(first, ab), network.decoders[0])
  }

  private func inter(_ module: InterModule, _ encoded: FeatureMap) throws(LiaeError) -> FeatureMap {
    let architecture = network.architecture
    let narrow = try FeatureMap(channels: architecture.aeDims, side: 1)
    let wide = try FeatureMap(channels: architecture.interChannels, side: architecture.latentSide)
    try dense(module.dense1, encoded, narrow)
    try dense(module.dense2, narrow, wide)
    guard let upscale = module.upscale else { return wide }
    return try convolution(upscale, wide)
  }

  private func rgb(_ decoder: DecoderModule, _ latent: FeatureMap) throws(LiaeError) -> FeatureMap {
    var x = latent
    for stage in decoder.rgb { x = try residual(stage.first, stage.second, convolution(stage.upscale, x)) }
    var picture = try convolution(decoder.heads[0], x)
    if decoder.heads.count == 4 {
      // Head q holds pixel q of each 2x2 square, so colour c of head q is depth-to-space channel c*4 + q.
      let (side, pixels) = (picture.side, picture.side * picture.side)
      let stacked = try FeatureMap(channels: 12, side: side)
      for (q, layer) in decoder.heads.enumerated() {
        let head = q == 0 ? picture : try convolution(layer, x)
        for c in 0..<3 {
          (stacked.values + (c * 4 + q) * pixels).update(from: head.values + c * pixels, count: pixels)
        }
      }
      picture = try FeatureMap(channels: 3, side: side * 2)
      Reference.depthToSpace(
        channels: 3, height: side, width: side, input: stacked.values, output: picture.values)
    }
    Reference.sigmoid(count: picture.count, picture.values)
    return picture
  }

  private func mask(_ decoder: DecoderModule, _ latent: FeatureMap) throws(LiaeError) -> FeatureMap {
    var x = latent
    for layer in decoder.mask { x = try convolution(layer, x) }
    x = try convolution(decoder.maskHead, x)
    Reference.sigmoid(count: x.count, x.values)
    return x
  }

  // MARK: - Layers

  private func parameters(_ layer: String) throws(LiaeError) -> (UnsafePointer<Float>, UnsafePointer<Float>) {
    guard let weight = weights["\(layer).weight"], let bias = weights["\(layer).bias"] else {
      throw LiaeError(.missingTensor, "layer \(layer) has no weights")
    }
    func floats(_ tensor: TensorView) -> UnsafePointer<Float> {
      UnsafePointer((tensor.storage.base + tensor.offset).assumingMemoryBound(to: Float.self))
    }
    return (floats(weight), floats(bias))
  }

  private func dense(_ name: String, _ x: FeatureMap, _ out: FeatureMap) throws(LiaeError) {
    let (weight, bias) = try parameters(name)
    let run = backend == .plainLoops ? Reference.dense : Reference.denseOpenBLAS
    run(x.count, out.count, x.values, weight, bias, out.values)
  }

  /// The convolution with its activation and, where the layer has one, the depth-to-space after it.
  private func convolution(_ layer: ConvolutionLayer, _ x: FeatureMap) throws(LiaeError) -> FeatureMap {
    let out = try sums(layer, x)
    activate(layer.activation, out)
    guard layer.depthToSpace else { return out }
    let spread = try FeatureMap(channels: out.channels / 4, side: out.side * 2)
    Reference.depthToSpace(
      channels: spread.channels, height: out.side, width: out.side, input: out.values, output: spread.values)
    return spread
  }

  /// act(x + second(act(first(x)))).
  private func residual(_ first: ConvolutionLayer, _ second: ConvolutionLayer, _ x: FeatureMap) throws(LiaeError)
    -> FeatureMap
  {
    let sum = try sums(second, convolution(first, x))
    Reference.addResidual(count: x.count, x.values, to: sum.values)
    activate(second.activation, sum)
    return sum
  }

  private func sums(_ layer: ConvolutionLayer, _ x: FeatureMap) throws(LiaeError) -> FeatureMap {
    let (weight, bias) = try parameters(layer.name)
    let shape = Reference.Conv2DShape(
      inputChannels: layer.inputChannels, outputChannels: layer.outputChannels, inputHeight: x.side,
      inputWidth: x.side, kernel: layer.kernel, stride: layer.stride, padding: layer.padding)
    let out = try FeatureMap(channels: layer.outputChannels, side: layer.outputSide)
    switch backend {
    case .plainLoops: Reference.conv2d(shape, input: x.values, weights: weight, bias: bias, output: out.values)
    case .openBLAS:
      try Reference.conv2dOpenBLAS(shape, input: x.values, weights: weight, bias: bias, output: out.values)
    }
    return out
  }

  private func activate(_ activation: Activation, _ x: FeatureMap) {
    switch activation {
    case .none: break
    case .leaky(let slope): Reference.leakyReLU(count: x.count, slope: slope, x.values)
    case .cosine: Reference.cosineActivation(count: x.count, x.values)
    }
  }
}
