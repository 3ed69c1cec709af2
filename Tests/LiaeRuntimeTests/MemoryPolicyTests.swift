// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeKernelsReference
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Tests what memory policies and checkpoints in 16 bits promise: the same numbers, in less memory.
@Suite struct MemoryPolicyTests {
  static let types: [DType] = [.float16, .bfloat16]
  static let networks = GoldenSet.repository.folders("networks").map(GoldenNetwork.repository).filter {
    $0.kind == .deepFaceLab || $0.isTorch || $0.kind == .amp
  }
  static let configurations = Configuration.all.filter { $0.convolution == .automatic }

  @Test(arguments: networks, types)
  func sixteenBitsAreExact(golden: GoldenNetwork, type: DType) throws {
    let narrow = try golden.model().rounded(to: type), wide = try narrow.widened()
    let image = testImages(1, side: 64, seed: 3)
    let reference = try ReferenceNetwork(model: wide, backend: .openBLAS)
    let modes: [RunMode] = [.swap, .reconstructDestination] + (golden.kind == .amp ? [.morph(0.5)] : [])
    let expected: [(RunMode, Pictures)] = try modes.map { mode in
      (mode, Pictures([try reference.run(mode, image: image[0], wantDestinationMask: true)]))
    }
    for configuration in Self.configurations {
      let context = try Context(Plan(narrow, configuration)), other = try Context(Plan(wide, configuration))
      for (mode, truth) in expected {
        let actual = try context.pictures(mode, image)
        for (got, truth) in zip(actual.parts, truth.parts) {
          let comparison = Comparison(got.values, truth.values)
          #expect(comparison.psnr >= 100, "\(golden) \(type) \(configuration) \(mode) \(got.name): \(comparison)")
        }
        let same = isBitEqual(actual.flat, try other.pictures(mode, image).flat)
        #expect(same, "\(golden) \(type) \(configuration) \(mode): not what the same numbers in float32 give")
      }
    }
  }

  /// Wide enough that layers are worth transforming and U of a layer comes in pieces.
  private static let wide = Architecture(
    options: "udt", resolution: 128, eDims: 24, aeDims: 64, dDims: 24, dMaskDims: 12)

  @Test(arguments: configurations) func wideNetworks(configuration: Configuration) throws {
    let model = try Model.random(Self.wide, seed: 8)
    let images = testImages(1, side: 128, seed: 4)
    let reference = try ReferenceNetwork(model: model, backend: .openBLAS)
    let truth = Pictures([try reference.run(.swap, image: images[0], wantDestinationMask: true)])
    let plan = try Plan(model, configuration)
    let one = try Context(plan).pictures(.swap, images)
    for (got, truth) in zip(one.parts, truth.parts) {
      let comparison = Comparison(got.values, truth.values)
      #expect(comparison.psnr >= 100, "\(configuration) \(got.name): \(comparison)")
    }
    let three = try Context(plan, threads: 3).pictures(.swap, images)
    #expect(isBitEqual(three.flat, one.flat), "\(configuration) with 3 threads")
  }

  /// The balance decides on storage alone: what a machine of another balance computes is the same to the bit.
  @Test(arguments: InstructionSet.supported) func storagesGiveTheSameBits(set: InstructionSet) throws {
    let model = try Model.random(Self.wide, seed: 8)
    let images = testImages(1, side: 128, seed: 4)
    var options = PlanOptions()
    options.instructionSet = set
    options.cachedBytes = 0
    func plan(balance: Double) throws -> Plan {
      options.machineBalance = balance
      return try Plan(model: model, options: options)
    }
    let (fast, slow) = (try plan(balance: 0.1), try plan(balance: 1000))
    #expect(fast.choices.map(\.algorithm) == slow.choices.map(\.algorithm))
    #expect(fast.choices.allSatisfy { $0.stored == .transformed } && slow.packedBytes < fast.packedBytes / 2)
    let expected = try Context(fast).pictures(.swap, images).flat
    for other in [slow] + (try [.balanced, .memory].map { try Plan(model, Configuration(set: set, memory: $0)) }) {
      #expect(isBitEqual(try Context(other).pictures(.swap, images).flat, expected))
    }
  }

  /// Layers whose multiplications take longer than their weights stay as they are, with fewer and fewer of them.
  @Test func theBalanceIsWeighed() throws {
    let model = try Model.random(Self.wide, seed: 8)
    let fromTaps = try [0.1, 3, 10, 30, 1000].map { balance in
      var options = PlanOptions()
      (options.cachedBytes, options.machineBalance) = (0, balance)
      return try Plan(model: model, options: options).choices.count { $0.stored != .transformed }
    }
    #expect(fromTaps == fromTaps.sorted() && Set(fromTaps).count > 2, "\(fromTaps)")
    // Small models stay in caches.
    var options = PlanOptions()
    options.machineBalance = 1000
    #expect(try Plan(model: model, options: options).choices.allSatisfy { $0.stored == .transformed })
  }

  @Test(arguments: InstructionSet.supported) func whatPoliciesTake(set: InstructionSet) throws {
    let model = try Model.random(Self.wide, seed: 8)
    let narrow = try model.rounded(to: .bfloat16)
    let stored = Double(try Graph(Self.wide).parameterCount * 4)
    func bytes(_ model: Model, _ memory: MemoryPolicy) throws -> Double {
      Double(try Plan(model, Configuration(set: set, memory: memory)).packedBytes) / stored
    }
    // Channels are padded to vectors, so a little more than the numbers themselves.
    let (speed, balanced, memory) = (try bytes(model, .speed), try bytes(model, .balanced), try bytes(model, .memory))
    #expect(memory >= 1 && memory < 1.15 && balanced < 1.4 && speed > balanced && balanced >= memory)
    // Plain sums, which small layers have, stay float32.
    let narrowMemory = try bytes(narrow, .memory)
    #expect(narrowMemory < 0.75 * memory, "\(narrowMemory) \(memory)")
    let (narrowSpeed, narrowBalanced) = (try bytes(narrow, .speed), try bytes(narrow, .balanced))
    #expect(narrowSpeed < speed && narrowBalanced < balanced)
  }
}
