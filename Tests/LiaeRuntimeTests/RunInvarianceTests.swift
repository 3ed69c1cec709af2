// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTestSupport
import Testing

/// Tests what may not change a bit of a result: company in the batch, threads, who runs them, what else is asked for,
/// and what was run before.
@Suite struct RunInvarianceTests {
  static let networks = [
    Architecture(options: "ud", resolution: 96, eDims: 6, aeDims: 10, dDims: 6, dMaskDims: 3),
    Architecture(flavour: .torch, options: "d", resolution: 64, eDims: 4, aeDims: 7, dDims: 4, dMaskDims: 3),
    Architecture(options: "udt", resolution: 64, eDims: 10, aeDims: 22, dDims: 10, dMaskDims: 4),
    Architecture(family: .df, options: "t", resolution: 96, eDims: 6, aeDims: 10, dDims: 6, dMaskDims: 3),
    Architecture(family: .amp, resolution: 64, eDims: 6, aeDims: 10, dDims: 6, dMaskDims: 3, interDims: 22),
  ]
  static func modes(of architecture: Architecture) -> [RunMode] {
    [.swap, .reconstructDestination, .reconstructSource] + (architecture.family == .df ? [] : [.morph(0.4)])
  }

  private func plan(_ architecture: Architecture, _ configuration: Configuration? = nil) throws -> Plan {
    let model = try Model.random(architecture, seed: 5)
    guard let configuration else { return try Plan(model) }
    return try Plan(model, configuration)
  }

  @Test(arguments: networks, Configuration.all)
  func aBatchIsItsImagesOneByOne(architecture: Architecture, configuration: Configuration) throws {
    let plan = try plan(architecture, configuration)
    let images = testImages(5, side: architecture.resolution, seed: 11)
    let single = try Context(plan)
    let contexts = try [1, 2, 3, 5].map { ($0, try Context(plan, maxBatch: $0)) }
    for mode in Self.modes(of: architecture) where mode == .swap || mode == .morph(0.4) {
      let expected = try images.map { try single.pictures(mode, [$0]) }
      for (maxBatch, context) in contexts {
        for count in [1, 2, 3, 5] {
          let batch = try context.pictures(mode, Array(images.prefix(count)))
          #expect(batch.rgb.count == count)
          for i in 0..<count {
            #expect(
              isBitEqual(batch.rgb[i], expected[i].rgb[0]),
              "\(configuration) \(mode) image \(i) of \(count), maxBatch \(maxBatch)")
            #expect(isBitEqual(batch.mask[i], expected[i].mask[0]))
            #expect(isBitEqual(batch.destinationMask[i], expected[i].destinationMask[0]))
          }
        }
      }
    }
  }

  @Test(arguments: networks, Configuration.all)
  func threadsDoNotChangeABit(architecture: Architecture, configuration: Configuration) throws {
    let plan = try plan(architecture, configuration)
    let images = testImages(2, side: architecture.resolution, seed: 12)
    for mode in Self.modes(of: architecture) {
      let expected = try Context(plan, threads: 1).pictures(mode, images)
      for threads in [2, 3, 5] {
        let actual = try Context(plan, threads: threads, maxBatch: 2).pictures(mode, images)
        #expect(isBitEqual(actual.flat, expected.flat), "\(configuration) \(mode) \(threads) threads")
      }
    }
  }

  /// A host that runs the tasks on its own thread, last one first.
  @Test(arguments: networks) func aHostsRunnerDoesNotChangeABit(architecture: Architecture) throws {
    let plan = try plan(architecture)
    let images = testImages(1, side: architecture.resolution, seed: 13)
    let expected = try Context(plan, threads: 1).pictures(.swap, images)
    var options = ContextOptions()
    options.threads = 3
    options.parallelFor = { _, count, task, context in
      for index in stride(from: count - 1, through: 0, by: -1) { task(context, index) }
    }
    let actual = try Context(plan: plan, options: options).pictures(.swap, images)
    #expect(isBitEqual(actual.flat, expected.flat))
  }

  @Test(arguments: networks.flatMap { network in modes(of: network).map { (network, $0) } })
  func outputsThatAreLeftOutChangeNothing(architecture: Architecture, mode: RunMode) throws {
    let context = try Context(plan(architecture))
    let images = testImages(2, side: architecture.resolution, seed: 14)
    let all = try context.pictures(mode, images)
    for wanted in Wanted.everyCombination {
      let some = try context.pictures(mode, images, wanted)
      for (part, (got, expected)) in zip([Wanted.rgb, .mask, .destinationMask], zip(some.parts, all.parts)) {
        #expect(isBitEqual(got.values, wanted.contains(part) ? expected.values : []), "\(mode) \(wanted): \(got.name)")
      }
    }
    if mode == .reconstructDestination { #expect(isBitEqual(all.mask[0], all.destinationMask[0])) }
  }

  @Test(arguments: networks) func runsLeaveNothingBehind(architecture: Architecture) throws {
    let context = try Context(plan(architecture), maxBatch: 2)
    let images = testImages(4, side: architecture.resolution, seed: 15)
    let first = try context.pictures(.swap, [images[0]])
    for mode in Self.modes(of: architecture) { _ = try context.pictures(mode, images) }
    #expect(isBitEqual(try context.pictures(.swap, [images[0]]).flat, first.flat))
  }

  @Test func aSourceFaceGoesTheWayOfTheSwap() throws {
    let context = try Context(plan(Self.networks[0]))
    let images = testImages(1, side: 96, seed: 16)
    let swap = try context.pictures(.swap, images, [.rgb, .mask])
    #expect(isBitEqual(try context.pictures(.reconstructSource, images, [.rgb, .mask]).flat, swap.flat))
  }

  /// Contexts of one plan at the same time, each on a thread of its own.
  @Test func contextsShareAPlan() async throws {
    let plan = try plan(Self.networks[2])
    let images = testImages(3, side: 64, seed: 18)
    let expected = try Context(plan).pictures(.swap, images)
    try await withThrowingTaskGroup(of: [Float].self) { group in
      for _ in 0..<4 { group.addTask { try Context(plan, threads: 2).pictures(.swap, images).flat } }
      for try await flat in group { #expect(isBitEqual(flat, expected.flat)) }
    }
  }

  @Test func whatAPlanAndAContextSayOfThemselves() throws {
    let plan = try plan(Self.networks[2])
    // Packed weights are never smaller than the float32 ones that they hold.
    #expect(plan.packedBytes >= plan.graph.parameterCount * 4)
    #expect(plan.architecture == Self.networks[2])
    let context = try Context(plan, threads: 2)
    #expect(context.threads == 2 && context.workspaceBytes > 0)
    _ = try context.pictures(.swap, testImages(1, side: 64, seed: 19))
    #expect(!context.timings.isEmpty)
    #expect(context.timings.allSatisfy { $0.nanoseconds >= 0 && !$0.name.isEmpty })
    #expect(context.timings.allSatisfy { $0.flops == 0 || !$0.algorithm.isEmpty })
    // The arithmetic of the plain sums, whatever the algorithm.
    let graph = try plan.graph.reaching(["swap.rgb", "swap.mask", "destination.mask"])
    var flops = graph.nodes.compactMap { graph.layer($0)?.flops }.reduce(0, +)
    for spec in graph.tensors where spec.shape.count == 2 { flops += 2 * Double(spec.shape[0] * spec.shape[1]) }
    let said = context.timings.reduce(0) { $0 + $1.flops }
    #expect(abs(said / flops - 1) < 0.05, "\(said) of \(flops)")
  }
}
