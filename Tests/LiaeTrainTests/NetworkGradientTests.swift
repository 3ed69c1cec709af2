// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeDispatch
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTrain
import Testing

func cosine(_ x: Double) -> Double { cos(x) }
func exponential(_ x: Double) -> Double { exp(x) }

/// Derivatives of the whole network by its weights against central differences of a network in Double.
@Suite struct NetworkGradientTests {
  static let architectures: [Architecture] =
    ["", "u", "d", "ud", "t", "udt", "c", "udtc"].map {
      Architecture(options: $0, resolution: 32, eDims: 2, aeDims: 3, dDims: 2, dMaskDims: 1)
    } + [
      Architecture(family: .df, options: "ud", resolution: 32, eDims: 2, aeDims: 4, dDims: 2, dMaskDims: 2),
      Architecture(family: .df, options: "t", resolution: 32, eDims: 3, aeDims: 4, dDims: 2, dMaskDims: 2),
      Architecture(flavour: .torch, options: "ud", resolution: 64, eDims: 2, aeDims: 3, dDims: 2, dMaskDims: 1),
      Architecture(flavour: .torch, options: "udt", resolution: 32, eDims: 2, aeDims: 3, dDims: 2, dMaskDims: 1),
      // Wide enough for whole vectors and for Winograd tiles.
      Architecture(options: "ud", resolution: 32, eDims: 9, aeDims: 5, dDims: 17, dMaskDims: 6),
    ]

  @Test(arguments: architectures) func weights(_ architecture: Architecture) throws {
    let engine = try Engine(workers: 2)
    let model = try Model.random(architecture, seed: 3)
    let network = try TrainedNetwork(architecture, weights: model, seed: 0)
    let side = architecture.resolution
    var generator = SplitMix64(state: 11)
    // Channels, rows, columns.
    let images = (0..<2).map { _ in
      Plane(channels: 3, side: side, values: (0..<3 * side * side).map { _ in Double(generator.uniform()) })
    }
    let tape = Tape(engine)
    let x = try Tensor(engine, count: 2, height: side, width: side, channels: 3, isDifferentiable: false)
    for (n, image) in images.enumerated() {
      for c in 0..<3 {
        for p in 0..<side * side { x.value[(n * side * side + p) * 3 + c] = Float(image.values[c * side * side + p]) }
      }
    }

    // Fast: both images at once. The factors of the sum that is differentiated come from one generator.
    let code = try network.encode(x, on: tape)
    var outputs: [Tensor] = []
    if architecture.family == .liae {
      let ab = try network.latent(0, code, on: tape), b = try network.latent(1, code, on: tape)
      let z = try tape.concatenate([b, ab])
      outputs = [try network.picture(0, z, on: tape), try network.mask(0, z, on: tape)]
    } else {
      let z = try network.latent(0, code, on: tape)
      outputs = try (0..<2).flatMap { (i: Int) throws(LiaeError) in
        [try network.picture(i, z, on: tape), try network.mask(i, z, on: tape)]
      }
    }
    var factors: [[Double]] = []
    for output in outputs {
      let gradient = try output.gradient()
      let values = (0..<output.elements).map { _ in Double(generator.uniform() - 0.5) }
      for i in values.indices { gradient[i] = Float(values[i]) }
      factors.append(values)
    }
    try tape.backward()

    func loss(_ reference: DoubleNetwork) -> Double {
      var sum = 0.0
      for (n, image) in images.enumerated() {
        let code = reference.encode(image)
        var planes: [Plane]
        if architecture.family == .liae {
          let z = reference.concatenated(reference.latent(1, code), reference.latent(0, code))
          planes = [reference.picture(0, z), reference.mask(0, z)]
        } else {
          let z = reference.latent(0, code)
          planes = (0..<2).flatMap { [reference.picture($0, z), reference.mask($0, z)] }
        }
        for (k, plane) in planes.enumerated() {
          let pixels = plane.side * plane.side
          for c in 0..<plane.channels {
            for p in 0..<pixels {
              sum += plane.values[c * pixels + p] * factors[k][(n * pixels + p) * plane.channels + c]
            }
          }
        }
      }
      return sum
    }

    let reference = try DoubleNetwork(model)
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
      func moved(_ step: Double) -> Double {
        var shifted = reference
        shifted.weights[parameter.name] = shifted.weights[parameter.name].map {
          zip($0, direction).map { $0 + step * $1 }
        }
        return loss(shifted)
      }
      let measured = (moved(h) - moved(-h)) / (2 * h)
      #expect(norm.isFinite && norm > 0, "\(parameter.name)")
      #expect(abs(measured - slope) <= 1e-3 * norm + 1e-6, "\(parameter.name): \(slope), measured \(measured)")
    }
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
      let code = try network.encode(x, on: tape)
      let z = try tape.concatenate([try network.latent(0, code, on: tape), try network.latent(1, code, on: tape)])
      for y in [try network.picture(0, z, on: tape), try network.mask(0, z, on: tape)] {
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
}
