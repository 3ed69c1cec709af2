// SPDX-License-Identifier: Apache-2.0
import LiaeKernelsReference
import LiaeTestSupport
import Testing

/// The reference itself, held against what TensorFlow, PyTorch and onnxruntime computed.
@Suite(.golden(.networks)) struct ReferenceGoldenTests {
  @Test(
    .having(GoldenNetwork.all.count, "LIAE or df network"), arguments: GoldenNetwork.all,
    ReferenceNetwork.Backend.allCases)
  func outputsAreThoseOfTheOriginal(golden: GoldenNetwork, backend: ReferenceNetwork.Backend) throws {
    let network = try ReferenceNetwork(model: golden.model(), backend: backend)
    let arrays = try golden.arrays()
    let inputs = try #require(arrays["input"])
    for i in 0..<inputs.shape[0] {
      let swap = try network.run(.swap, image: inputs.item(i), wantDestinationMask: true)
      let destination = try network.run(.reconstructDestination, image: inputs.item(i), wantDestinationMask: false)
      for (name, actual) in [
        ("swap_rgb", swap.rgb), ("swap_mask", swap.mask), ("dst_mask", swap.destinationMask),
        ("dst_rgb", destination.rgb), ("dst_mask", destination.mask),
      ] {
        let comparison = Comparison(actual, try #require(arrays[name]).item(i))
        #expect(comparison.maximum <= GoldenTolerance.direct, "\(golden) \(backend) image \(i) \(name): \(comparison)")
      }
      #expect(destination.destinationMask.isEmpty)
      // A source face goes the way of the swap.
      let source = try network.run(.reconstructSource, image: inputs.item(i), wantDestinationMask: false)
      #expect(isBitEqual(source.rgb, swap.rgb) && isBitEqual(source.mask, swap.mask))
    }
  }

  @Test(.having(GoldenNetwork.deepFaceLab.count, "network of DeepFaceLab's"), arguments: GoldenNetwork.deepFaceLab)
  func theFlatCodeIsThatOfTheOriginal(golden: GoldenNetwork) throws {
    let network = try ReferenceNetwork(model: golden.model(), backend: .plainLoops)
    let arrays = try golden.arrays()
    let (inputs, codes) = (try #require(arrays["input"]), try #require(arrays["code"]))
    for i in 0..<inputs.shape[0] {
      let comparison = Comparison(try network.encode(inputs.item(i)), codes.item(i))
      #expect(comparison.maximum <= GoldenTolerance.direct, "\(golden) image \(i): \(comparison)")
    }
  }

  @Test(
    .having(GoldenExport.all.count, "exported network"), arguments: GoldenExport.all, ReferenceNetwork.Backend.allCases)
  func theExportedGraphHoldsTheSameNetwork(golden: GoldenExport, backend: ReferenceNetwork.Backend) throws {
    let network = try ReferenceNetwork(model: golden.model(), backend: backend)
    let arrays = try golden.arrays()
    for i in 0..<arrays.input.shape[0] {
      let output = try network.run(.swap, image: arrays.input.item(i), wantDestinationMask: true)
      for (name, actual, expected) in [
        ("rgb", output.rgb, arrays.rgb), ("mask", output.mask, arrays.mask),
        ("destination mask", output.destinationMask, arrays.destinationMask),
      ] {
        let comparison = Comparison(actual, expected.item(i))
        let tolerance = golden.isQuantized ? GoldenTolerance.half : GoldenTolerance.direct
        #expect(comparison.maximum <= tolerance, "\(golden) \(backend) image \(i) \(name): \(comparison)")
      }
    }
  }
}
