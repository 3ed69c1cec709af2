// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import Testing

@Suite struct NetworkTests {
  private static let all: [Architecture] = ["", "d", "t", "dt"].flatMap { options in
    [Architecture.Flavour.dfl, .torch].map { flavour in
      Architecture(
        flavour: flavour, options: options, resolution: 96, eDims: 6, aeDims: 10, dDims: 4, dMaskDims: 3)
    }
  }

  /// Every layer takes what the one before it gives: channels and side.
  @Test(arguments: all) func layersFitTogether(architecture: Architecture) {
    let network = Network(architecture)
    var (channels, side) = (3, architecture.resolution)
    func pass(_ layer: ConvolutionLayer) {
      #expect(layer.inputChannels == channels && layer.inputSide == side, "\(layer.name)")
      channels = layer.depthToSpace ? layer.outputChannels / 4 : layer.outputChannels
      side = layer.depthToSpace ? layer.outputSide * 2 : layer.outputSide
    }
    for step in network.encoder {
      switch step {
      case .convolution(let layer): pass(layer)
      case .residual(let first, let second):
        pass(first)
        pass(second)
      }
    }
    #expect(channels == architecture.encodedChannels && side == architecture.encodedSide)

    for inter in network.inters {
      (channels, side) = (architecture.interChannels, architecture.latentSide)
      if let upscale = inter.upscale { pass(upscale) }
      #expect(side == architecture.codeSide && channels * 2 == architecture.codeChannels)
    }

    for decoder in network.decoders {
      (channels, side) = (architecture.codeChannels, architecture.codeSide)
      for stage in decoder.rgb {
        pass(stage.upscale)
        pass(stage.first)
        pass(stage.second)
      }
      let body = (channels, side)
      for head in decoder.heads {
        (channels, side) = body
        pass(head)
        #expect(channels == 3 && side * (decoder.heads.count == 4 ? 2 : 1) == architecture.rgbSide)
      }
      (channels, side) = (architecture.codeChannels, architecture.codeSide)
      for layer in decoder.mask { pass(layer) }
      pass(decoder.maskHead)
      #expect(channels == 1 && side == architecture.maskSide)
    }
  }

  @Test(arguments: all) func onlyVALIDHeadsShrinkThePicture(architecture: Architecture) {
    let shrinks =
      architecture.flavour == .torch && architecture.doubleResolution && !architecture.residualDeep
    #expect(architecture.rgbSide == (shrinks ? 92 : 96))
    #expect(architecture.maskSide == 96)
  }

  @Test(arguments: all) func everyConvolutionIsListedOnce(architecture: Architecture) {
    let names = Network(architecture).convolutions.map { "\($0.name).weight" }
    let weights = architecture.tensors.filter { $0.shape.count == 4 && !$0.isUnused }.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Set(names) == Set(weights))
  }

  @Test func activationsAndPaddings() throws {
    let plain = Network(Architecture(options: "dt", resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4))
    for layer in plain.convolutions {
      let isHead = layer.name.contains("out_conv")
      let isResidual = layer.name.contains(".res")
      #expect(layer.activation == (isHead ? .none : .leaky(isResidual ? 0.2 : 0.1)), "\(layer.name)")
      #expect(layer.padding == layer.kernel / 2)
      #expect(layer.stride == (layer.name.contains(".down") ? 2 : 1))
      #expect(layer.depthToSpace == layer.name.contains("upscale"))
    }
    let cosine = Network(Architecture(options: "c", resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4))
    for layer in cosine.convolutions {
      #expect(layer.activation == (layer.name.contains("out_conv") ? .none : .cosine), "\(layer.name)")
    }
  }

  /// 86.9 GFLOP is the known cost of the port's liae-udt 256 (e64 ae256 d64 m32): the swap and the mask of the
  /// destination face.
  @Test func arithmeticOfAKnownNetwork() {
    let architecture = Architecture(
      flavour: .torch, options: "udt", resolution: 256, eDims: 64, aeDims: 256, dDims: 64, dMaskDims: 32)
    let network = Network(architecture)
    var flops = network.convolutions.reduce(0) { $0 + $1.flops }
    // The mask branch runs twice.
    flops += (network.decoders[0].mask + [network.decoders[0].maskHead]).reduce(0) { $0 + $1.flops }
    for spec in architecture.tensors where spec.shape.count == 2 { flops += 2 * Double(spec.shape[0] * spec.shape[1]) }
    #expect(abs(flops / 1e9 - 86.9) < 0.05, "\(flops)")
  }
}
