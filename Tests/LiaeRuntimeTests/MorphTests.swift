// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeGraph
import LiaeKernelsReference
import LiaeRuntime
import LiaeTestSupport
import Testing

/// Morphs between the destination and the swap, of the families that can.
@Suite struct MorphTests {
  /// Channels of a code that fill no vector of any instruction set.
  private static let amp = Architecture(
    family: .amp, resolution: 64, eDims: 6, aeDims: 10, dDims: 6, dMaskDims: 3, interDims: 50)

  /// DeepFaceLab's graphs multiply in float32: 50 * 0.58 is 29 there and 28.99... in float64.
  @Test(arguments: [
    (Float(0), 0), (0.0199, 0), (0.02, 1), (0.58, 29), (0.57999, 28), (0.59, 29), (0.6, 30), (0.999, 49), (1, 50),
  ])
  func ampTakesWholeChannelsOfTheSource(morph: Float, channels: Int) throws {
    let model = try Model.random(Self.amp, seed: 21)
    let image = testImages(1, side: 64, seed: 22)
    // A morph that is nowhere near a whole number of channels, except at the ends.
    let clear = channels == 50 ? 1 : (Float(channels) + 0.5) / 50
    for set in InstructionSet.supported {
      let context = try Context(Plan(model, on: set))
      let actual = try context.pictures(.morph(morph), image).flat
      #expect(isBitEqual(actual, try context.pictures(.morph(clear), image).flat), "\(set)")
      for other in [channels - 1, channels + 1] where (0..<50).contains(other) {
        let neighbour = try context.pictures(.morph((Float(other) + 0.5) / 50), image).flat
        #expect(!isBitEqual(actual, neighbour), "\(set): \(channels) channels and \(other) give the same")
      }
    }
  }

  @Test(arguments: Configuration.all) func ampAtItsEndsIsTheDestinationAndTheSwap(configuration: Configuration) throws {
    let context = try Context(Plan(Model.random(Self.amp, seed: 23), configuration), threads: 2, maxBatch: 2)
    let images = testImages(3, side: 64, seed: 24)
    let (destination, swap) = try (context.pictures(.reconstructDestination, images), context.pictures(.swap, images))
    #expect(!isBitEqual(destination.flat, swap.flat))
    #expect(isBitEqual(try context.pictures(.morph(0), images).flat, destination.flat), "\(configuration)")
    #expect(isBitEqual(try context.pictures(.morph(1), images).flat, swap.flat), "\(configuration)")
  }

  @Test(arguments: RunInvarianceTests.networks.filter { $0.family != .df }, Configuration.all)
  func morphGoesFromTheDestinationToTheSwap(architecture: Architecture, configuration: Configuration) throws {
    let model = try Model.random(architecture, seed: 5)
    let context = try Context(Plan(model, configuration))
    let images = testImages(2, side: architecture.resolution, seed: 17)
    let reference = try ReferenceNetwork(model: model, backend: .plainLoops)
    for (mode, code) in [
      (RunMode.morph(0), RunMode.reconstructDestination), (.morph(1), .swap), (.morph(0.5), .morph(0.5)),
      (.morph(0.9), .morph(0.9)),
    ] {
      let actual = try context.pictures(mode, images)
      let expected = Pictures(try images.map { try reference.run(code, image: $0, wantDestinationMask: true) })
      for (got, truth) in zip(actual.parts, expected.parts) {
        let comparison = Comparison(got.values, truth.values)
        #expect(configuration.isClose(comparison), "\(configuration) \(mode) \(got.name): \(comparison)")
      }
    }
  }
}
