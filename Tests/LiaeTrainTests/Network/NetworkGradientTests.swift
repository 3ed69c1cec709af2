// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import LiaeTrain
import Testing

/// Derivatives of the whole network by its weights against central differences of the network in Double.
@Suite struct NetworkGradientTests {
  static let architectures: [Architecture] =
    ["", "u", "d", "ud", "t", "udt", "c", "udtc"].map {
      Architecture(options: $0, resolution: 32, eDims: 2, aeDims: 3, dDims: 2, dMaskDims: 1)
    } + [
      Architecture(family: .df, options: "ud", resolution: 32, eDims: 2, aeDims: 4, dDims: 2, dMaskDims: 2),
      Architecture(family: .df, options: "t", resolution: 32, eDims: 3, aeDims: 4, dDims: 2, dMaskDims: 2),
      Architecture(flavour: .torch, options: "ud", resolution: 64, eDims: 2, aeDims: 3, dDims: 2, dMaskDims: 1),
      Architecture(flavour: .torch, options: "udt", resolution: 32, eDims: 2, aeDims: 3, dDims: 2, dMaskDims: 1),
      Architecture(family: .amp, resolution: 32, eDims: 2, aeDims: 3, dDims: 2, dMaskDims: 1, interDims: 6),
      .xseg(resolution: 64, baseDims: 2),
      // Wide enough for whole vectors and for Winograd tiles.
      Architecture(options: "ud", resolution: 32, eDims: 9, aeDims: 5, dDims: 17, dMaskDims: 6),
    ]

  @Test(arguments: architectures) func weights(_ architecture: Architecture) throws {
    let engine = try Engine(workers: 2)
    let side = architecture.resolution
    var generator = SplitMix64(state: 11)
    // Channels, rows, columns.
    let images = (0..<2).map { _ in (0..<3 * side * side).map { _ in Double(generator.uniform()) } }
    let model = try Self.smoothModel(architecture, images)
    let network = try TrainedNetwork(architecture, weights: model, seed: 0)
    let tape = Tape(engine)
    let x = try Tensor(engine, count: 2, height: side, width: side, channels: 3, isDifferentiable: false)
    for (n, image) in images.enumerated() {
      for c in 0..<3 {
        for p in 0..<side * side { x.value[(n * side * side + p) * 3 + c] = Float(image[c * side * side + p]) }
      }
    }

    // Both images at once, and liae's one decoder for both codes. The factors of the sum that is differentiated come from
    // one generator. Of amp's mix the first half of the channels is that of inter_src.
    let isMixed = architecture.family == .amp
    let names =
      architecture.family == .xseg
      ? ["segment.mask"]
      : ["swap.rgb", "swap.mask", "destination.rgb", "destination.mask"] + (isMixed ? ["morph.rgb"] : [])
    let masks = try Tensor(engine, count: 2, channels: max(1, architecture.interDims), isDifferentiable: false)
    for i in 0..<masks.elements { masks.value[i] = i % masks.channels < architecture.interDims / 2 ? 1 : 0 }
    let outputs = try network.evaluate(names, given: ["input": x], mixing: isMixed ? masks : nil, on: tape)
    var factors: [[Double]] = []
    for output in outputs {
      let gradient = try output.gradient()
      let values = (0..<output.elements).map { _ in Double(generator.uniform() - 0.5) }
      for i in values.indices { gradient[i] = Float(values[i]) }
      factors.append(values)
    }
    try tape.backward()

    let reference = try DoubleNetwork(model), graph = reference.graph
    let targets = try names.map { try graph.output($0) }
    // All values, of which those that a weight does not reach are computed once.
    let known = try images.map { try reference.evaluate(graph.values, image: $0, morph: 0.5) }
    func loss(_ network: DoubleNetwork, _ layer: String) throws -> Double {
      var isMoved: [Bool] = []
      for node in graph.nodes {
        isMoved.append(node.operation.layers.contains(layer) || node.inputs.contains { isMoved[$0.index] })
      }
      var sum = 0.0
      for (n, image) in images.enumerated() {
        let given = graph.values.filter { !isMoved[$0.index] }.map { ($0, known[n][$0.index]) }
        let pictures = try network.evaluate(
          targets, image: image, morph: 0.5, given: Dictionary(uniqueKeysWithValues: given))
        for (k, picture) in pictures.enumerated() {
          let (channels, pixels) = (picture.shape.channels, picture.shape.side * picture.shape.side)
          for c in 0..<channels {
            for p in 0..<pixels { sum += picture.values[c * pixels + p] * factors[k][(n * pixels + p) * channels + c] }
          }
        }
      }
      return sum
    }

    // The gradients in canonical layout: a step along them gives a model whose difference is the gradient.
    for parameter in network.parameters {
      for i in 0..<parameter.count { parameter.value[i] = parameter.hasGradient ? parameter.gradient[i] : .nan }
    }
    let gradients = try network.model(info: ModelInfo(origin: .random))
    for parameter in network.parameters {
      let gradient = try gradients.tensor(parameter.name).raw.withMemoryRebound(to: Float.self) { $0.map(Double.init) }
      // Along a random direction, in which every element has its share.
      let direction = gradient.map { _ in Double(generator.normal()) }
      let slope = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
      let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let h = 1e-7
      func moved(_ step: Double) throws -> Double {
        var shifted = reference
        shifted.weights[parameter.name] = shifted.weights[parameter.name].map {
          zip($0, direction).map { $0 + step * $1 }
        }
        return try loss(shifted, parameter.name.split(separator: ".").dropLast().joined(separator: "."))
      }
      let measured = (try moved(h) - moved(-h)) / (2 * h)
      #expect(norm.isFinite && norm > 0, "\(parameter.name)")
      #expect(abs(measured - slope) <= 1e-3 * norm + 1e-6, "\(parameter.name): \(slope), measured \(measured)")
    }
  }

  /// Random weights for which no input of an activation is so near to zero that rounding decides which slope a leaky ReLU
  /// has there.
  private static func smoothModel(_ architecture: Architecture, _ images: [[Double]]) throws -> Model {
    for seed in 3..<100 {
      let model = try Model.random(architecture, seed: UInt64(seed))
      let activated = model.graph.nodes.compactMap { node in
        if case .activation = node.operation { node.inputs[0] } else { nil }
      }
      let smallest = try images.map { image in
        try DoubleNetwork(model).evaluate(activated, image: image, morph: 0.5).flatMap(\.values).reduce(1) {
          min($0, abs($1))
        }
      }
      if architecture.cosine || smallest.allSatisfy({ $0 > 1e-6 }) { return model }
    }
    throw LiaeError(.internalError, "every seed has an input of an activation near to zero")
  }

  @Test func threadsAndInstructionSets() throws {
    let architecture = Architecture(options: "udt", resolution: 64, eDims: 9, aeDims: 10, dDims: 18, dMaskDims: 5)
    let model = try Model.random(architecture, seed: 3)
    func gradients(workers: Int, _ set: InstructionSet) throws -> [Float] {
      let engine = try Engine(workers: workers, instructionSet: set)
      let network = try TrainedNetwork(architecture, weights: model, seed: 0)
      let tape = Tape(engine)
      let x = try Tensor(engine, count: 2, height: 64, width: 64, channels: 3, isDifferentiable: false)
      for i in 0..<x.elements { x.value[i] = Float(i * 31 % 101) / 100 }
      for y in try network.evaluate(["destination.rgb", "destination.mask"], given: ["input": x], on: tape) {
        let d = try y.gradient()
        for i in 0..<y.elements { d[i] = Float(i * 7 % 13) - 6 }
      }
      try tape.backward()
      return network.parameters.flatMap { p in (0..<p.count).map { p.gradient[$0] } }
    }
    let one = try gradients(workers: 1, .detected)
    #expect(try gradients(workers: 2, .detected) == one)
    #expect(try gradients(workers: 3, .detected) == one)
    let scale = one.reduce(0) { max($0, abs($1)) }
    for set in InstructionSet.supported {
      let other = try gradients(workers: 2, set)
      #expect(zip(one, other).allSatisfy { abs($0 - $1) < 2e-4 * scale }, "\(set)")
    }
  }

  /// Parts of the network from values that are given, and what cannot be given or computed.
  @Test func partsOfTheNetwork() throws {
    let engine = try Engine(workers: 1)
    let architecture = Self.architectures[3]
    let network = try TrainedNetwork(architecture, weights: nil, seed: 1)
    let tape = Tape(engine, isRecording: false)
    let x = try Tensor(engine, count: 2, height: 32, width: 32, channels: 3, isDifferentiable: false)
    for i in 0..<x.elements { x.value[i] = Float(i * 31 % 101) / 100 }
    let whole = try network.evaluate("destination.rgb", given: ["input": x], on: tape).values
    let encoded = try network.evaluate("encoded", given: ["input": x], on: tape)
    let ab = try network.evaluate("inter_AB", given: ["encoded": encoded], on: tape)
    let b = try network.evaluate("inter_B", given: ["encoded": encoded], on: tape)
    let code = try network.evaluate("destination.code", given: ["inter_AB": ab, "inter_B": b], on: tape)
    #expect(
      isBitEqual(try network.evaluate("destination.rgb", given: ["destination.code": code], on: tape).values, whole))
    for (names, given) in [
      (["swap.rgb"], [:]), (["swap.rgb"], ["encoded": x]), (["swap.rgb"], ["none": x]), (["none"], ["input": x]),
      (["morph.rgb"], ["input": x]), (["swap.rgb"], ["inter_B": b]),
    ] {
      #expect(throws: LiaeError.self, "\(names)") { try network.evaluate(names, given: given, on: tape) }
    }
  }
}
