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

  /// All plans that this processor can run; direct sums are stored in one way.
  static let all = InstructionSet.supported.flatMap { set in
    [Configuration(set: set, convolution: .direct)] + MemoryPolicy.allCases.map { Configuration(set: set, memory: $0) }
  }

  var description: String { "\(set) \(convolution) \(memory)" }

  /// Direct sums within an absolute tolerance; faster algorithms by their noise.
  ///
  /// - Parameter rounding: the greatest error of the expected values.
  func isClose(_ comparison: Comparison, rounding: Double = 0) -> Bool {
    convolution == .direct
      ? comparison.maximum <= GoldenTolerance.direct + rounding : comparison.psnr >= GoldenTolerance.decibels
  }
}

/// The runtime, on every instruction set of this processor, against what TensorFlow, PyTorch and onnxruntime computed.
@Suite(.golden("networks")) struct PlanGoldenTests {
  @Test(.having(GoldenNetwork.all.count, "LIAE or df network"), arguments: GoldenNetwork.all, Configuration.all)
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
    // A source face goes the way of the swap.
    let expected: [(String, [[Float]])] = [
      ("swap_rgb", swap.rgb), ("swap_mask", swap.mask), ("dst_mask", swap.destinationMask),
      ("dst_rgb", destination.rgb), ("dst_mask", destination.mask), ("dst_mask", destination.destinationMask),
      (arrays["src_rgb"] == nil ? "swap_rgb" : "src_rgb", source.rgb),
      (arrays["src_mask"] == nil ? "swap_mask" : "src_mask", source.mask), ("dst_mask", source.destinationMask),
    ]
    for (name, actual) in expected {
      let array = try #require(arrays[name])
      #expect(actual.count == array.shape[0])
      for (i, picture) in actual.enumerated() {
        let comparison = Comparison(picture, array.item(i))
        #expect(configuration.isClose(comparison), "\(golden) \(configuration) image \(i) \(name): \(comparison)")
      }
    }
  }

  /// AMP at every stored morph, of the checkpoint and of its exports.
  @Test(.having(GoldenAMP.all.count, "AMP network"), arguments: GoldenAMP.all, Configuration.all)
  func morphsAreThoseOfTheOriginal(golden: GoldenAMP, configuration: Configuration) throws {
    let context = try Context(Plan(golden.model(), configuration), maxBatch: 2)
    let expected = try golden.outputs()
    func expect(_ actual: [[Float]], _ name: String, _ truth: GoldenAMP.Pictures) {
      #expect(actual.count == truth.values.count)
      for (i, picture) in actual.enumerated() {
        let comparison = Comparison(picture, truth.values[i])
        // onnxruntime rounds what lies between the layers of a graph in half precision.
        let isClose =
          golden.isQuantized
          ? comparison.maximum <= GoldenTolerance.half : configuration.isClose(comparison, rounding: truth.rounding)
        #expect(isClose, "\(golden) \(configuration) image \(i) \(name): \(comparison)")
      }
    }
    for morph in expected.morphs {
      let output = try context.pictures(.morph(morph.value), expected.faces)
      expect(output.rgb, "rgb at \(morph.value)", morph.rgb)
      expect(output.mask, "mask at \(morph.value)", morph.mask)
      expect(output.destinationMask, "destination mask", expected.destinationMask)
      guard morph.value == 1 else { continue }
      let swap = try context.pictures(.swap, expected.faces)
      expect(swap.rgb, "rgb of the swap", morph.rgb)
    }
    expect(try context.pictures(.reconstructDestination, expected.faces).mask, "mask", expected.destinationMask)
  }

  @Test(.having(GoldenExport.all.count, "exported network"), arguments: GoldenExport.all, Configuration.all)
  func theExportedGraphRuns(golden: GoldenExport, configuration: Configuration) throws {
    let arrays = try golden.arrays()
    let context = try Context(Plan(golden.model(), configuration))
    let images = (0..<arrays.input.shape[0]).map { arrays.input.item($0) }
    let output = try context.pictures(.swap, images)
    for (name, actual, expected) in [
      ("rgb", output.rgb, arrays.rgb), ("mask", output.mask, arrays.mask),
      ("destination mask", output.destinationMask, arrays.destinationMask),
    ] {
      #expect(actual.count == expected.shape[0])
      for (i, picture) in actual.enumerated() {
        let comparison = Comparison(picture, expected.item(i))
        // onnxruntime rounds what lies between the layers of a graph in half precision.
        let isClose =
          golden.isQuantized ? comparison.maximum <= GoldenTolerance.half : configuration.isClose(comparison)
        #expect(isClose, "\(golden) \(configuration) image \(i) \(name): \(comparison)")
      }
    }
  }
}
