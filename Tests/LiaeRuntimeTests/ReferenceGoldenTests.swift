// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernelsReference
import LiaeTestSupport
import Testing

/// The reference itself, held against what TensorFlow, PyTorch and onnxruntime computed.
@Suite(.golden("networks")) struct ReferenceGoldenTests {
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
      let comparison = Comparison(try network.evaluate(["encoded"], image: inputs.item(i))[0], codes.item(i))
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

  /// AMP at every stored morph, and what its encoder and its latent modules give.
  @Test(
    .having(GoldenNetwork.amp.count, "AMP network"), arguments: GoldenNetwork.amp, ReferenceNetwork.Backend.allCases)
  func amp(golden: GoldenNetwork, backend: ReferenceNetwork.Backend) throws {
    let network = try ReferenceNetwork(model: golden.model(), backend: backend)
    let arrays = try golden.arrays()
    func expect(_ actual: [Float], _ name: String, _ image: Int) throws {
      let rounded = arrays["\(name)_u16"]
      let expected = try #require(rounded ?? arrays[name], "\(name)").item(image).map {
        rounded == nil ? $0 : $0 / 65535
      }
      let comparison = Comparison(actual, expected)
      let tolerance = GoldenTolerance.direct + (rounded == nil ? 0 : 0.5 / 65535)
      #expect(comparison.maximum <= tolerance, "\(golden) \(backend) image \(image) \(name): \(comparison)")
    }
    let morphs = Set(
      arrays.keys.filter { $0.hasPrefix("swap_rgb_m") }.map { $0.dropFirst(10).split(separator: "_")[0] })
    #expect(morphs.count == arrays["morphs"]?.doubles.count)
    let slices = Dictionary(
      uniqueKeysWithValues: zip(
        try #require(arrays["morphs"]).doubles.map { Float($0) }, try #require(arrays["slices"]).doubles.map { Int($0) }
      ))
    let faces = try #require(arrays["dst_u8"])
    for i in 0..<faces.shape[0] {
      let image = faces.item(i).map { $0 / 255 }
      let names = ["encoded": "code_dst", "inter_src": "inter_src_of_dst_nchw", "inter_dst": "inter_dst_of_dst_nchw"]
      for (value, name) in names { try expect(network.evaluate([value], image: image)[0], name, i) }
      for morph in morphs {
        let value = try #require(Float(morph))
        let output = try network.run(.morph(value), image: image, wantDestinationMask: true)
        try expect(output.rgb, "swap_rgb_m\(morph)", i)
        try expect(output.mask, "swap_mask_m\(morph)", i)
        try expect(output.destinationMask, "dst_dst_mask", i)
        let codes = try network.evaluate(["morph.code", "inter_src", "inter_dst"], image: image, morph: value)
        let pixels = codes[0].count / (network.graph.shape(try network.graph.namedValue("morph.code")).channels)
        let taken = try #require(slices[value]) * pixels
        #expect(isBitEqual(codes[0], Array(codes[1].prefix(taken) + codes[2].dropFirst(taken))))
      }
      let destination = try network.run(.reconstructDestination, image: image, wantDestinationMask: false)
      try expect(destination.rgb, "dst_dst_rgb", i)
      try expect(destination.mask, "dst_dst_mask", i)
    }
  }
}
