// SPDX-License-Identifier: Apache-2.0

/// What follows a convolution or a sum.
package enum Activation: Sendable, Equatable {
  case none
  case leaky(Float)
  /// x cos x.
  case cosine
}

/// One convolution with bias, as the network runs it.
///
/// Weights are `name.weight` (out, in, k, k) and `name.bias` (out). With `depthToSpace`, output channel c*4 + dy*2 + dx
/// becomes channel c of pixel (2y + dy, 2x + dx), as PyTorch's `pixel_shuffle` has it, after the activation.
package struct ConvolutionLayer: Sendable {
  package var name: String
  package var inputChannels, outputChannels: Int
  package var kernel: Int
  package var stride = 1
  /// Zero pixels on every side of the input.
  package var padding: Int
  package var activation: Activation
  package var depthToSpace = false
  /// Sides in pixels; `outputSide` is that before depth-to-space.
  package var inputSide: Int

  package init(
    name: String, inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int,
    activation: Activation, depthToSpace: Bool = false, inputSide: Int
  ) {
    (self.name, self.inputChannels, self.outputChannels) = (name, inputChannels, outputChannels)
    (self.kernel, self.stride, self.padding, self.activation) = (kernel, stride, padding, activation)
    (self.depthToSpace, self.inputSide) = (depthToSpace, inputSide)
  }

  package var outputSide: Int { (inputSide + 2 * padding - kernel) / stride + 1 }

  /// Multiplications and additions of the plain sum.
  package var flops: Double {
    2 * Double(kernel * kernel * inputChannels * outputChannels) * Double(outputSide * outputSide)
  }
}

package enum EncoderStep: Sendable {
  case convolution(ConvolutionLayer)
  /// act(x + second(act(first(x)))); the activation of the sum is `second.activation`.
  case residual(ConvolutionLayer, ConvolutionLayer)
}

package struct InterModule: Sendable {
  package var name: String
  /// (ae, flat) and (side*side*channels, ae), no activation after either.
  package var dense1: String { "\(name).dense1" }
  package var dense2: String { "\(name).dense2" }
  package var upscale: ConvolutionLayer?
}

package struct DecoderModule: Sendable {
  package struct Stage: Sendable { package var upscale, first, second: ConvolutionLayer }
  package var name: String
  package var rgb: [Stage]
  /// One 1x1 head, or with `d` four heads: head q makes the pixels (2y + q / 2, 2x + q % 2). Then a sigmoid.
  package var heads: [ConvolutionLayer]
  package var mask: [ConvolutionLayer]
  /// 1x1 to one channel, then a sigmoid.
  package var maskHead: ConvolutionLayer
}

/// The layers of an architecture, in the order in which they run.
///
/// Follows `reference/liae_torch.py`; names are DeepFaceLab's with dots.
package struct Network: Sendable {
  package let architecture: Architecture
  package let encoder: [EncoderStep]
  /// liae: inter_AB, inter_B; df: inter.
  package let inters: [InterModule]
  /// liae: decoder; df: decoder_src, decoder_dst.
  package let decoders: [DecoderModule]

  package init(_ a: Architecture) {
    architecture = a
    func act(_ slope: Float) -> Activation { a.cosine ? .cosine : .leaky(slope) }
    func residual(_ name: String, _ channels: Int, _ side: Int) -> (ConvolutionLayer, ConvolutionLayer) {
      let first = ConvolutionLayer(
        name: "\(name).conv1", inputChannels: channels, outputChannels: channels, kernel: 3, padding: 1,
        activation: act(0.2), inputSide: side)
      var second = first
      second.name = "\(name).conv2"
      return (first, second)
    }
    func upscale(_ name: String, _ from: Int, _ to: Int, _ side: Int) -> ConvolutionLayer {
      ConvolutionLayer(
        name: "\(name).conv1", inputChannels: from, outputChannels: to * 4, kernel: 3, padding: 1,
        activation: act(0.1), depthToSpace: true, inputSide: side)
    }

    // Encoder
    var steps: [EncoderStep] = []
    var side = a.resolution
    var channels = 3
    func down(_ name: String, _ to: Int) {
      steps.append(
        .convolution(
          ConvolutionLayer(
            name: "\(name).conv1", inputChannels: channels, outputChannels: to, kernel: 5, stride: 2, padding: 2,
            activation: act(0.1), inputSide: side)))
      (channels, side) = (to, side / 2)
    }
    func block(_ name: String) {
      let (first, second) = residual(name, channels, side)
      steps.append(.residual(first, second))
    }
    if a.residualDeep {
      down("encoder.down1", a.eDims)
      block("encoder.res1")
      for (i, factor) in [2, 4, 8, 8].enumerated() { down("encoder.down\(i + 2)", a.eDims * factor) }
      block("encoder.res5")
    } else {
      for (i, factor) in [1, 2, 4, 8].enumerated() { down("encoder.down1.downs.\(i)", a.eDims * factor) }
    }
    encoder = steps

    // Latent modules
    inters = (a.family == .liae ? ["inter_AB", "inter_B"] : ["inter"]).map { name in
      InterModule(
        name: name,
        upscale: a.residualDeep
          ? nil : upscale("\(name).upscale1", a.interChannels, a.interChannels, a.latentSide))
    }

    // Decoders
    let factors = a.residualDeep ? [8, 8, 4, 2] : [8, 4, 2]
    decoders = (a.family == .liae ? ["decoder"] : ["decoder_src", "decoder_dst"]).map { name in
      var rgb: [DecoderModule.Stage] = []
      var mask: [ConvolutionLayer] = []
      var (from, maskFrom, side) = (a.codeChannels, a.codeChannels, a.codeSide)
      for (i, factor) in factors.enumerated() {
        let (to, maskTo) = (a.dDims * factor, a.dMaskDims * factor)
        let (first, second) = residual("\(name).res\(i)", to, side * 2)
        rgb.append(.init(upscale: upscale("\(name).upscale\(i)", from, to, side), first: first, second: second))
        mask.append(upscale("\(name).upscalem\(i)", maskFrom, maskTo, side))
        (from, maskFrom, side) = (to, maskTo, side * 2)
      }
      func head(_ suffix: String, _ kernel: Int, _ channels: Int, _ outputs: Int, _ side: Int, valid: Bool = false)
        -> ConvolutionLayer
      {
        ConvolutionLayer(
          name: "\(name).out_conv\(suffix)", inputChannels: channels, outputChannels: outputs, kernel: kernel,
          padding: valid ? 0 : kernel / 2, activation: .none, inputSide: side)
      }
      var heads: [ConvolutionLayer]
      var maskSide = side
      if a.doubleResolution {
        let firstKernel = a.flavour == .torch ? 3 : 1
        heads = ["", "1", "2", "3"].enumerated().map { i, suffix in
          head(suffix, i == 0 ? firstKernel : 3, from, 3, side, valid: a.validHeads)
        }
        mask.append(upscale("\(name).upscalem\(factors.count)", maskFrom, a.dMaskDims, side))
        (maskFrom, maskSide) = (a.dMaskDims, side * 2)
      } else {
        heads = [head("", 1, from, 3, side)]
      }
      return DecoderModule(
        name: name, rgb: rgb, heads: heads, mask: mask, maskHead: head("m", 1, maskFrom, 1, maskSide))
    }
  }

  /// Every convolution, with a name of its own each.
  package var convolutions: [ConvolutionLayer] {
    var all: [ConvolutionLayer] = []
    for step in encoder {
      switch step {
      case .convolution(let layer): all.append(layer)
      case .residual(let first, let second): all += [first, second]
      }
    }
    all += inters.compactMap(\.upscale)
    for decoder in decoders {
      for stage in decoder.rgb { all += [stage.upscale, stage.first, stage.second] }
      all += decoder.heads + decoder.mask + [decoder.maskHead]
    }
    return all
  }
}

/// Name and shape of a tensor that a checkpoint holds.
package struct TensorSpec: Sendable, Equatable {
  package var name: String
  package var shape: [Int]
  /// Never read by a run: the port's extra mask stage. Kept, so that a checkpoint comes back whole.
  package var isUnused = false
}

extension Architecture {
  /// The canonical tensors, in the order of the network: encoder, inters, decoders.
  package var tensors: [TensorSpec] {
    let network = Network(self)
    var specs: [TensorSpec] = []
    func add(_ layer: ConvolutionLayer, unused: Bool = false) {
      specs.append(
        TensorSpec(
          name: "\(layer.name).weight",
          shape: [layer.outputChannels, layer.inputChannels, layer.kernel, layer.kernel], isUnused: unused))
      specs.append(TensorSpec(name: "\(layer.name).bias", shape: [layer.outputChannels], isUnused: unused))
    }
    for step in network.encoder {
      switch step {
      case .convolution(let layer): add(layer)
      case .residual(let first, let second): add(first); add(second)
      }
    }
    let flat = encodedChannels * encodedSide * encodedSide
    let latent = latentSide * latentSide * interChannels
    for inter in network.inters {
      specs.append(TensorSpec(name: "\(inter.dense1).weight", shape: [aeDims, flat]))
      specs.append(TensorSpec(name: "\(inter.dense1).bias", shape: [aeDims]))
      specs.append(TensorSpec(name: "\(inter.dense2).weight", shape: [latent, aeDims]))
      specs.append(TensorSpec(name: "\(inter.dense2).bias", shape: [latent]))
      if let upscale = inter.upscale { add(upscale) }
    }
    for decoder in network.decoders {
      for stage in decoder.rgb { add(stage.upscale); add(stage.first); add(stage.second) }
      for head in decoder.heads { add(head) }
      for layer in decoder.mask { add(layer) }
      add(decoder.maskHead)
      if flavour == .torch && doubleResolution && residualDeep, let last = decoder.mask.last {
        var unused = last
        unused.name = "\(decoder.name).upscalem_unused.conv1"
        add(unused, unused: true)
      }
    }
    return specs
  }

  /// Number of weights that a run reads.
  package var parameterCount: Int {
    tensors.filter { !$0.isUnused }.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }
}
