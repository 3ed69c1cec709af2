// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeKernelsReference
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTestSupport
import Testing

/// Networks nobody has trained: odd sides (80 / 16 = 5, 96 / 32 = 3), dims that fill no vector, every flag, against the
/// reference.
@Suite struct RandomArchitectureTests {
  static var seeds: Range<Int> { 0..<(environmentVariable("LIAE_LONG_TESTS") == nil ? 32 : 400) }

  static func architecture(_ random: inout SplitMix64) -> Architecture {
    let flavour = random.pick([Architecture.Flavour.dfl, .dfl, .torch])
    let letters = flavour == .torch ? "udt" : "udtc"
    let options = letters.filter { _ in random.flip() }
    let dims = [4, 6, 7, 10, 16, 22, 33]
    let families: [Architecture.Family] = flavour == .torch ? [.liae] : [.liae, .df, .amp]
    var architecture = Architecture(
      family: random.pick(families), flavour: flavour, options: options, resolution: 64,
      eDims: random.pick([4, 6, 7, 10]), aeDims: random.pick(dims), dDims: random.pick([4, 6, 7, 10, 16]),
      dMaskDims: random.pick([1, 3, 4, 6, 10]), interDims: random.pick([5, 16, 24, 39]))
    architecture.resolution =
      architecture.resolutionMultiple == 32 ? random.pick([32, 64, 96, 160]) : random.pick([32, 48, 64, 80, 112])
    return architecture
  }

  static func mode(_ random: inout SplitMix64, _ family: Architecture.Family) -> RunMode {
    let modes: [RunMode] = [.swap, .reconstructDestination, .reconstructSource]
    return random.pick(family == .df ? modes : modes + [.morph(random.uniform())])
  }

  @Test(arguments: seeds) func anyNetworkAgreesWithTheReference(seed: Int) throws {
    var random = SplitMix64(state: UInt64(seed))
    let architecture = Self.architecture(&random)
    // x cos x is chaotic: only small gains keep an error of one rounding small.
    let model = try Model.random(architecture, seed: UInt64(seed), gain: architecture.cosine ? 0.6 : 1.25)
    let mode = Self.mode(&random, architecture.family)
    let wanted = random.pick(Wanted.everyCombination)
    let images = testImages(random.pick([1, 2, 3]), side: architecture.resolution, seed: UInt64(seed))
    let threads = random.pick([1, 2])
    let batch = random.pick([1, 2])

    let reference = try ReferenceNetwork(model: model, backend: .openBLAS)
    let expected = Pictures(
      try images.map {
        try reference.run(mode, image: $0, wantDestinationMask: wanted.contains(.destinationMask))
      })
    for configuration in Configuration.all {
      let plan = try Plan(model, configuration)
      let actual = try Context(plan, threads: threads, maxBatch: batch).pictures(mode, images, wanted)
      for (part, (got, truth)) in zip(
        [Wanted.rgb, .mask, .destinationMask], zip(actual.parts, expected.parts))
      {
        guard wanted.contains(part) else {
          #expect(got.values.isEmpty)
          continue
        }
        let comparison = Comparison(got.values, truth.values, seed: UInt64(seed))
        #expect(
          configuration.isClose(comparison),
          "\(architecture) \(mode) \(configuration) \(images.count) images, \(threads) threads: \(got.name) \(comparison)"
        )
      }
    }
  }
}
