// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeGraph
import LiaeRuntime
import LiaeTestSupport
import Testing

/// One way to run a model.
struct Configuration: Sendable, CustomStringConvertible {
  var set: InstructionSet
  var convolution = PlanOptions.Convolution.automatic
  var memory = MemoryPolicy.speed

  /// Whatever this processor can run; direct sums are stored in one way.
  static let all = InstructionSet.supported.flatMap { set in
    [Configuration(set: set, convolution: .direct)] + MemoryPolicy.allCases.map { Configuration(set: set, memory: $0) }
  }

  var description: String { "\(set) \(convolution) \(memory)" }

  /// Direct sums within an absolute tolerance; faster algorithms by their noise.
  func isClose(_ comparison: Comparison, tolerance: Double = 2e-5) -> Bool {
    convolution == .direct ? comparison.maximum <= tolerance : comparison.psnr >= 100
  }
}

/// The runtime, on every instruction set of this processor, against what TensorFlow, PyTorch and onnxruntime computed.
@Suite struct PlanGoldenTests {
  @Test(arguments: GoldenNetwork.all, Configuration.all)
  func outputsAreThoseOfTheOriginal(golden: GoldenNetwork, configuration: Configuration) throws {
    let plan = try Plan(golden.model(), configuration)
    #expect(plan.instructionSet == configuration.set)
    let context = try Context(plan)
    let arrays = try golden.arrays()
    let inputs = try #require(arrays["input"])
    let images = (0..<inputs.shape[0]).map { inputs.item($0) }
    let swap = try context.pictures(.swap, images)
    let destination = try context.pictures(.reconstructDestination, images)
    let source = try context.pictures(.reconstructSource, images)
    let expected: [(String, [[Float]])] = [
      ("swap_rgb", swap.rgb), ("swap_mask", swap.mask), ("dst_mask", swap.destinationMask),
      ("dst_rgb", destination.rgb), ("dst_mask", destination.mask), ("dst_mask", destination.destinationMask),
      ("swap_rgb", source.rgb), ("swap_mask", source.mask), ("dst_mask", source.destinationMask),
    ]
    for (name, actual) in expected {
      let array = try #require(arrays[name])
      for (i, picture) in actual.enumerated() {
        let comparison = Comparison(picture, array.item(i))
        #expect(configuration.isClose(comparison), "\(golden) \(configuration) image \(i) \(name): \(comparison)")
      }
    }
  }

  @Test(arguments: GoldenNetwork.exported, Configuration.all)
  func theExportedGraphRuns(golden: GoldenNetwork, configuration: Configuration) throws {
    let arrays = try golden.arrays()
    let context = try Context(Plan(golden.model("golden.dfm"), configuration))
    let output = try context.pictures(.swap, [#require(arrays["input"]).item(1)])
    for (name, actual) in [
      ("swap_rgb", output.rgb), ("swap_mask", output.mask), ("dst_mask", output.destinationMask),
    ] {
      let comparison = Comparison(actual[0], try #require(arrays[name]).item(1))
      #expect(configuration.isClose(comparison), "\(golden) \(configuration) \(name): \(comparison)")
    }
  }

  @Test(arguments: GoldenNetwork.quantized, Configuration.all)
  func theQuantizedGraphIsClose(golden: GoldenNetwork, configuration: Configuration) throws {
    let arrays = try golden.arrays("golden_fp16.npz")
    let context = try Context(Plan(golden.model("golden_fp16.dfm"), configuration))
    let inputs = try #require(arrays["input"])
    let output = try context.pictures(.swap, [inputs.item(0), inputs.item(1)])
    for (name, actual) in [
      ("out_celeb_face", output.rgb), ("out_celeb_face_mask", output.mask), ("out_face_mask", output.destinationMask),
    ] {
      for i in 0..<2 {
        let comparison = Comparison(actual[i], try #require(arrays[name]).item(i))
        #expect(comparison.maximum <= 5e-3, "\(golden) \(configuration) image \(i) \(name): \(comparison)")
      }
    }
  }
}
