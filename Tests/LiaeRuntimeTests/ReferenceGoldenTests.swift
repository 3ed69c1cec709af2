// SPDX-License-Identifier: Apache-2.0
import LiaeKernelsReference
import LiaeTestSupport
import Testing

/// The reference itself, held against what TensorFlow, PyTorch and onnxruntime computed.
@Suite struct ReferenceGoldenTests {
  @Test(arguments: GoldenNetwork.all, ReferenceNetwork.Backend.allCases)
  func outputsAreThoseOfTheOriginal(golden: GoldenNetwork, backend: ReferenceNetwork.Backend) throws {
    let model = try golden.model()
    #expect(model.architecture == golden.architecture)
    let network = try ReferenceNetwork(model: model, backend: backend)
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
        #expect(comparison.maximum <= 2e-5, "\(golden) \(backend) image \(i) \(name): \(comparison)")
      }
      #expect(destination.destinationMask.isEmpty)
      // A source face goes the way of the swap.
      let source = try network.run(.reconstructSource, image: inputs.item(i), wantDestinationMask: false)
      #expect(isBitEqual(source.rgb, swap.rgb) && isBitEqual(source.mask, swap.mask))
    }
  }

  @Test(arguments: GoldenNetwork.deepFaceLab)
  func theFlatCodeIsThatOfTheOriginal(golden: GoldenNetwork) throws {
    let network = try ReferenceNetwork(model: golden.model(), backend: .plainLoops)
    let arrays = try golden.arrays()
    for i in 0..<2 {
      let comparison = Comparison(
        try network.encode(#require(arrays["input"]).item(i)), try #require(arrays["code"]).item(i))
      #expect(comparison.maximum <= 2e-5, "\(golden) image \(i): \(comparison)")
    }
  }

  @Test(arguments: GoldenNetwork.exported)
  func theExportedGraphHoldsTheSameNetwork(golden: GoldenNetwork) throws {
    let arrays = try golden.arrays()
    let files = golden.name == "liae-ud" ? ["golden.dfm", "golden_tf24.dfm"] : ["golden.dfm"]
    for file in files {
      let network = try ReferenceNetwork(model: golden.model(file), backend: .openBLAS)
      let output = try network.run(.swap, image: #require(arrays["input"]).item(1), wantDestinationMask: true)
      for (name, actual) in [
        ("swap_rgb", output.rgb), ("swap_mask", output.mask), ("dst_mask", output.destinationMask),
      ] {
        let comparison = Comparison(actual, try #require(arrays[name]).item(1))
        #expect(comparison.maximum <= 2e-5, "\(golden) \(file) \(name): \(comparison)")
      }
    }
  }

  @Test(arguments: GoldenNetwork.quantized, ReferenceNetwork.Backend.allCases)
  func theQuantizedGraphIsClose(golden: GoldenNetwork, backend: ReferenceNetwork.Backend) throws {
    let network = try ReferenceNetwork(model: golden.model("golden_fp16.dfm"), backend: backend)
    let arrays = try golden.arrays("golden_fp16.npz")
    for i in 0..<2 {
      let output = try network.run(.swap, image: #require(arrays["input"]).item(i), wantDestinationMask: true)
      for (name, actual) in [
        ("out_celeb_face", output.rgb), ("out_celeb_face_mask", output.mask), ("out_face_mask", output.destinationMask),
      ] {
        let comparison = Comparison(actual, try #require(arrays[name]).item(i))
        #expect(comparison.maximum <= 5e-3, "\(golden) \(backend) image \(i) \(name): \(comparison)")
      }
    }
  }
}
