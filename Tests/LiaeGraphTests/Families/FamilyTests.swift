// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTestSupport
import Testing

/// The networks of the families: outputs, values by name, shapes, operations.
@Suite struct FamilyTests {
  private static let all: [Architecture] = Architecture.everyKind.map {
    var architecture = $0
    (architecture.resolution, architecture.eDims, architecture.aeDims) = (96, 6, 10)
    (architecture.dDims, architecture.dMaskDims) = (4, 3)
    if architecture.family == .amp { architecture.interDims = 14 }
    return architecture
  }

  @Test(arguments: all) func outputs(architecture: Architecture) throws {
    let graph = try Graph(architecture)
    let runs = architecture.family == .df ? ["swap", "destination"] : ["swap", "morph", "destination"]
    #expect(graph.outputs.map(\.name) == runs.flatMap { ["\($0).rgb", "\($0).mask"] })
    for run in runs {
      #expect(try graph.shape(graph.output("\(run).rgb")) == Shape(3, architecture.rgbSide))
      #expect(try graph.shape(graph.output("\(run).mask")) == Shape(1, architecture.maskSide))
    }
    #expect(architecture.maskSide == 96)
    let letters = architecture.options
    let shrinks = architecture.flavour == .torch && letters.contains("d") && !letters.contains("t")
    #expect(architecture.rgbSide == (shrinks ? 92 : 96))
  }

  /// Sizes as FORMATS.md 2 and 11 have them.
  @Test(arguments: all) func valuesByName(architecture: Architecture) throws {
    let graph = try Graph(architecture)
    let (t, d) = (architecture.residualDeep, architecture.doubleResolution)
    let codeSide = (d ? 3 : 6) * (t ? 1 : 2)
    func shape(_ name: String) throws -> Shape { try graph.shape(graph.namedValue(name)) }
    #expect(try shape("input") == Shape(3, 96))
    switch architecture.family {
    case .liae:
      #expect(graph.latentModules == ["inter_AB", "inter_B"])
      for name in ["inter_AB", "inter_B"] { #expect(try shape(name) == Shape(20, codeSide)) }
      for name in ["swap.code", "morph.code", "destination.code"] { #expect(try shape(name) == Shape(40, codeSide)) }
    case .df:
      #expect(graph.latentModules == ["inter"])
      #expect(try shape("inter") == Shape(10, codeSide))
      #expect(try graph.namedValue("swap.code") == graph.namedValue("inter"))
      #expect(try graph.namedValue("destination.code") == graph.namedValue("inter"))
    case .amp:
      #expect(graph.latentModules == ["inter_src", "inter_dst"])
      for name in ["inter_src", "inter_dst", "morph.code"] { #expect(try shape(name) == Shape(14, 3)) }
      #expect(try graph.namedValue("swap.code") == graph.namedValue("inter_src"))
      #expect(try graph.namedValue("destination.code") == graph.namedValue("inter_dst"))
    case .xseg: Issue.record("a family that segments has no codes")
    }
    let flat = 6 * 8 * (t ? 3 * 3 : 6 * 6)
    #expect(try shape("encoded") == Shape(architecture.family == .amp ? 10 : flat))
  }

  /// Sizes and tensors as FORMATS.md 10 has them.
  @Test(arguments: [(64, 3), (256, 4), (256, 32)]) func xseg(side: Int, base b: Int) throws {
    let graph = try Graph(.xseg(resolution: side, baseDims: b))
    func shape(_ name: String) throws -> Shape { try graph.shape(graph.namedValue(name)) }
    #expect(graph.outputs.map(\.name) == ["segment.mask"] && !graph.canSwap && !graph.canMorph)
    #expect(try graph.shape(graph.output("segment.mask")) == Shape(1, side))
    for (level, channels) in [b, 2 * b, 4 * b, 8 * b, 8 * b, 8 * b].enumerated() {
      #expect(try shape("conv\(level)2") == Shape(channels, side >> level))
      #expect(try shape("pool\(level)") == Shape(channels, side >> (level + 1)))
      #expect(try shape("up\(level)") == Shape(level < 3 ? channels : channels / 2, side >> level))
      #expect(try shape("uconv\(level)1") == Shape(channels, side >> level))
    }
    #expect(graph.tensors.count == 222 && graph.tensors.allSatisfy { !$0.isUnused })
    #expect(graph.tensorShape("xseg.up5.conv.weight") == [8 * b, 4 * b, 3, 3])
    #expect(graph.tensorShape("xseg.uconv53.conv.weight") == [8 * b, 12 * b, 3, 3])
    #expect(graph.tensorShape("xseg.dense1.weight") == [512, 8 * b * (side / 64) * (side / 64)])
    #expect(graph.tensorShape("xseg.conv01.frn.eps") == [1] && graph.tensorShape("xseg.conv01.tlu.tau") == [b])
    if side == 256, b == 32 { #expect(graph.parameterCount == 17_569_317) }
    // Every tensor is read by one node.
    let layers = graph.nodes.flatMap(\.operation.layers)
    #expect(Set(layers).count == layers.count && Set(layers) == Set(graph.tensors.map(\.layer)))
  }

  @Test func whatXSegCannotBe() {
    for (side, base) in [(256, 0), (32, 4), (96, 4), (257, 4), (2048, 4), (256, 5000)] {
      #expect(throws: LiaeError.self) { _ = try Graph(.xseg(resolution: side, baseDims: base)) }
    }
    for name in ["xseg-u", "xseg-d", "xseg-"] {
      #expect(throws: LiaeError.self) { _ = try Architecture.parse(name) }
    }
  }

  @Test(arguments: all) func everyTensorIsReadAndNamedAsItsLayer(architecture: Architecture) throws {
    let graph = try Graph(architecture)
    let layers = Set(graph.nodes.flatMap(\.operation.layers))
    let tensors = graph.tensors.filter { !$0.isUnused }.map(\.name)
    #expect(Set(tensors).count == tensors.count)
    #expect(Set(tensors) == Set(layers.flatMap { ["\($0).weight", "\($0).bias"] }))
  }

  @Test(arguments: all) func activationsAndPaddings(architecture: Architecture) throws {
    let graph = try Graph(architecture).fusing()
    let layers = graph.nodes.compactMap { graph.layer($0) }
    #expect(!layers.isEmpty)
    for layer in layers {
      let isHead = layer.name.contains("out_conv"), isResidual = layer.name.contains(".res")
      let usual: Activation = architecture.cosine ? .cosine : .leaky(isResidual ? 0.2 : 0.1)
      #expect(layer.activation == (isHead ? .none : usual), "\(layer.name)")
      let isValid = layer.name.contains("out_conv") && !layer.name.contains("out_convm") && architecture.validHeads
      #expect(layer.padding == (isValid ? 0 : layer.kernel / 2), "\(layer.name)")
      #expect(layer.stride == (layer.name.contains(".down") ? 2 : 1), "\(layer.name)")
      #expect(layer.depthToSpace == layer.name.contains("upscale"), "\(layer.name)")
    }
    #expect(
      graph.nodes.contains { if case .dense(let dense) = $0.operation { dense.pixelNorm } else { false } }
        == architecture.pixelNorm)
  }

  /// 86.9 GFLOP is the known cost of the port's liae-udt 256 (e64 ae256 d64 m32): a swap with both masks.
  @Test func arithmeticOfAKnownNetwork() throws {
    let architecture = Architecture(
      flavour: .torch, options: "udt", resolution: 256, eDims: 64, aeDims: 256, dDims: 64, dMaskDims: 32)
    let graph = try Graph(architecture).reaching(["swap.rgb", "swap.mask", "destination.mask"])
    var flops = graph.nodes.compactMap { graph.layer($0) }.reduce(0) { $0 + $1.flops }
    for spec in graph.tensors where spec.shape.count == 2 { flops += 2 * Double(spec.shape[0] * spec.shape[1]) }
    #expect(abs(flops / 1e9 - 86.9) < 0.05, "\(flops)")
  }

  @Test func anImpossibleArchitectureHasNoGraph() {
    for (family, options, resolution) in [(Architecture.Family.liae, "d", 48), (.df, "", 0), (.amp, "", 64)] {
      let architecture = Architecture(
        family: family, options: options, resolution: resolution, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4)
      #expect(throws: LiaeError.self) { try Graph(architecture) }
    }
  }
}
