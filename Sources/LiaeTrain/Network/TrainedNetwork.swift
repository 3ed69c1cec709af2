// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// The network with weights that can be trained, and its parts as operations on a tape.
package final class TrainedNetwork {
  package let network: Network
  package var architecture: Architecture { network.architecture }
  /// In the order of the network; names are `Model`'s, which are DeepFaceLab's.
  package let parameters: [Parameter]
  private let byName: [String: Parameter]
  private let layouts: [String: WeightLayout]
  /// The heads of a decoder as one convolution of 3x3 to twelve channels, made of the four anew in each step.
  private var heads: [String: (weight: Parameter, bias: Parameter)] = [:]

  /// - Parameters:
  ///   - weights: what to begin with; nil is Glorot's distribution from `seed`.
  /// - Throws: `outOfMemory`, `unknownArchitecture`.
  package init(_ architecture: Architecture, weights: Model?, seed: UInt64) throws(LiaeError) {
    try architecture.validate()
    network = Network(architecture)
    var layouts: [String: WeightLayout] = [:]
    for layer in network.convolutions {
      layouts["\(layer.name).weight"] = .convolution(
        kernel: layer.kernel, inputs: layer.inputChannels, outputs: layer.outputChannels,
        depthToSpace: layer.depthToSpace)
      layouts["\(layer.name).bias"] = .bias(outputs: layer.outputChannels, depthToSpace: layer.depthToSpace)
    }
    var parameters: [Parameter] = []
    for spec in architecture.tensors where !spec.isUnused {
      let layout =
        layouts[spec.name]
        ?? (spec.shape.count == 2
          ? .dense(inputs: spec.shape[1], outputs: spec.shape[0]) : .bias(outputs: spec.shape[0], depthToSpace: false))
      layouts[spec.name] = layout
      parameters.append(try Parameter(name: spec.name, shape: layout.shape))
    }
    self.parameters = parameters
    self.layouts = layouts
    byName = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0) })
    if let weights { try read(weights) } else { initialise(seed: seed) }
    for decoder in network.decoders where decoder.heads.count == 4 {
      let inputs = decoder.heads[0].inputChannels
      heads[decoder.name] = (
        try Parameter(name: "\(decoder.name).heads.weight", shape: [3, 3, inputs, 12]),
        try Parameter(name: "\(decoder.name).heads.bias", shape: [12])
      )
    }
  }

  package func parameter(_ name: String) -> Parameter? { byName[name] }

  /// The parameters of a part: `encoder`, `inter_AB`, `decoder_src`.
  package func parameters(of part: String) -> [Parameter] { parameters.filter { $0.name.hasPrefix("\(part).") } }

  /// Fresh weights for the parameters that `isIncluded` takes, from `seed`: a weight's do not depend on which others
  /// there are.
  package func initialise(seed: UInt64, where isIncluded: (Parameter) -> Bool = { _ in true }) {
    for (i, parameter) in parameters.enumerated() where isIncluded(parameter) {
      let bound = layouts[parameter.name]?.glorotBound ?? 0
      var generator = SplitMix64(state: seed &+ UInt64(i) &* 0x9e37_79b9)
      for j in 0..<parameter.count { parameter.value[j] = bound * (2 * generator.uniform() - 1) }
    }
  }

  // MARK: - Model

  private func read(_ model: Model) throws(LiaeError) {
    for parameter in parameters {
      let tensor = try model.tensor(parameter.name).asFloat32()
      guard let layout = layouts[parameter.name], tensor.shape == layout.canonicalShape else {
        throw LiaeError(.shapeMismatch, "tensor \(parameter.name) has shape \(tensor.shape)")
      }
      // The tensor may be a file's bytes at any address, and has to outlive them.
      withExtendedLifetime(tensor) {
        let source = tensor.raw
        layout.forEach { canonical, trainer in
          parameter.value[trainer] = source.loadUnaligned(fromByteOffset: canonical * 4, as: Float.self)
        }
      }
    }
  }

  /// A copy of the weights as a model.
  ///
  /// - Throws: `outOfMemory`.
  package func model(info: ModelInfo) throws(LiaeError) -> Model {
    var tensors = TensorDictionary()
    for parameter in parameters {
      guard let layout = layouts[parameter.name] else { continue }
      let bytes = try Bytes.allocate(parameter.count * 4, for: parameter.name)
      let out = bytes.base.assumingMemoryBound(to: Float.self)
      layout.forEach { canonical, trainer in out[canonical] = parameter.value[trainer] }
      tensors[parameter.name] = try TensorView(dtype: .float32, shape: layout.canonicalShape, storage: bytes)
    }
    return try Model(architecture: architecture, info: info, tensors: tensors)
  }

  // MARK: - Parts

  /// Pictures (count, resolution, resolution, 3) to codes (count, 1, 1, flat).
  ///
  /// - Throws: `outOfMemory`.
  package func encode(_ x: Tensor, on tape: Tape) throws(LiaeError) -> Tensor {
    var x = x
    for step in network.encoder {
      switch step {
      case .convolution(let layer): x = try run(layer, x, on: tape)
      case .residual(let first, let second):
        x = try run(second, try run(first, x, on: tape), residual: x, on: tape)
      }
    }
    x = try tape.flatten(x)
    return architecture.pixelNorm ? try tape.pixelNorm(x) : x
  }

  /// Codes through latent module `index` (liae: 0 is inter_AB, 1 is inter_B).
  ///
  /// - Throws: `outOfMemory`.
  package func latent(_ index: Int, _ code: Tensor, on tape: Tape) throws(LiaeError) -> Tensor {
    let inter = network.inters[index]
    var x = try dense(inter.dense2, try dense(inter.dense1, code, on: tape), on: tape)
    x = try tape.unflatten(x, side: architecture.latentSide)
    if let upscale = inter.upscale { x = try run(upscale, x, on: tape) }
    return x
  }

  /// The picture that decoder `index` makes of a code (liae has one; df: 0 is the source's), 0...1.
  ///
  /// - Throws: `outOfMemory`.
  package func picture(_ index: Int, _ code: Tensor, on tape: Tape) throws(LiaeError) -> Tensor {
    let decoder = network.decoders[index]
    var x = code
    for stage in decoder.rgb {
      x = try run(stage.upscale, x, on: tape)
      x = try run(stage.second, try run(stage.first, x, on: tape), residual: x, on: tape)
    }
    if let combined = heads[decoder.name] {
      try combine(decoder.heads, combined.weight, combined.bias, on: tape)
      x = try tape.convolution(
        x, weight: combined.weight, bias: combined.bias, kernel: 3,
        padding: decoder.heads[1].padding == 0 ? .valid : .same(before: 1), depthToSpace: true)
    } else {
      x = try run(decoder.heads[0], x, on: tape)
    }
    return try tape.sigmoid(x)
  }

  /// The mask that decoder `index` makes of a code, 0...1, one channel.
  ///
  /// - Throws: `outOfMemory`.
  package func mask(_ index: Int, _ code: Tensor, on tape: Tape) throws(LiaeError) -> Tensor {
    let decoder = network.decoders[index]
    var x = code
    for layer in decoder.mask { x = try run(layer, x, on: tape) }
    return try tape.sigmoid(try run(decoder.maskHead, x, on: tape))
  }

  // MARK: - Layers

  private func named(_ name: String) throws(LiaeError) -> Parameter {
    guard let parameter = byName[name] else {
      throw LiaeError(.internalError, "\(name) is no tensor of \(architecture.name)")
    }
    return parameter
  }

  private func dense(_ name: String, _ x: Tensor, on tape: Tape) throws(LiaeError) -> Tensor {
    try tape.dense(x, weight: try named("\(name).weight"), bias: try named("\(name).bias"))
  }

  private func run(_ layer: ConvolutionLayer, _ x: Tensor, residual: Tensor? = nil, on tape: Tape) throws(LiaeError)
    -> Tensor
  {
    var slope: Float = 1
    if case .leaky(let value) = layer.activation { slope = value }
    let y = try tape.convolution(
      x, weight: try named("\(layer.name).weight"), bias: try named("\(layer.name).bias"), kernel: layer.kernel,
      stride: layer.stride, padding: layer.padding == 0 && layer.kernel > 1 ? .valid : .same(before: layer.padding),
      slope: slope, residual: residual, depthToSpace: layer.depthToSpace)
    return layer.activation == .cosine ? try tape.cosine(y) : y
  }

  /// Lays four heads side by side; a kernel of 1x1 is the middle of one of 3x3. Their gradients are taken out again after
  /// the convolution's own step backwards.
  private func combine(_ layers: [ConvolutionLayer], _ weight: Parameter, _ bias: Parameter, on tape: Tape)
    throws(LiaeError)
  {
    let parts = try layers.map { (layer) throws(LiaeError) in
      (weight: try named("\(layer.name).weight"), bias: try named("\(layer.name).bias"), kernel: layer.kernel)
    }
    weight.isTrained = parts.contains { $0.weight.isTrained }
    weight.hasGradient = false
    bias.hasGradient = false
    weight.value.update(repeating: 0, count: weight.count)
    func forEach(_ body: (_ head: Int, _ part: Int, _ combined: Int) -> Void) {
      for (q, part) in parts.enumerated() {
        let inputs = layers[q].inputChannels, taps = part.kernel * part.kernel
        for t in 0..<taps {
          let to = taps == 1 ? 4 : t
          for i in 0..<inputs {
            for c in 0..<3 { body(q, (t * inputs + i) * 3 + c, (to * inputs + i) * 12 + q * 3 + c) }
          }
        }
      }
    }
    forEach { q, from, to in weight.value[to] = parts[q].weight.value[from] }
    for q in 0..<4 { for c in 0..<3 { bias.value[q * 3 + c] = parts[q].bias.value[c] } }
    tape.onBackward { () throws(LiaeError) in
      guard weight.hasGradient else { return }
      let gradients = parts.map { ($0.weight.gradientToAdd(), $0.bias.gradientToAdd()) }
      forEach { q, to, from in gradients[q].0[to] += weight.gradient[from] }
      for q in 0..<4 { for c in 0..<3 { gradients[q].1[c] += bias.gradient[q * 3 + c] } }
      // A decoder that ran twice has another such step, which is to find its own.
      (weight.hasGradient, bias.hasGradient) = (false, false)
    }
  }
}
