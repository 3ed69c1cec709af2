// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeDispatch
import LiaeGraph
import LiaeKernelsReference
import LiaeRuntime
import LiaeSystem
import LiaeTestSupport
import Testing

/// XSeg against DeepFaceLab's own code in float64.
@Suite(.golden("networks")) struct XSegGoldenTests {
  @Test(.having(GoldenXSeg.all.count, "XSeg network"), arguments: GoldenXSeg.all, Configuration.all)
  func theMaskIsThatOfTheOriginal(golden: GoldenXSeg, configuration: Configuration) throws {
    let context = try Context(Plan(golden.model(), configuration), maxBatch: 2)
    let faces = try golden.faces(), logits = try golden.logits()
    #expect(faces.count == 2)
    let masks = try context.masks(faces)
    for (i, expected) in logits.enumerated() {
      let comparison = Comparison(
        GoldenXSeg.strided(masks[i], side: 256, stride: expected.stride),
        expected.values.map { Float(1 / (1 + exp(-Double($0)))) })
      #expect(
        comparison.maximum <= GoldenXSeg.maskTolerance, "\(golden) \(configuration) image \(i): \(comparison)")
    }
    // One at a time, and in another order, the same bits.
    #expect(isBitEqual(try context.masks([faces[1]])[0], masks[1]))
  }

  /// Values within the network; TensorFlow's pictures have their channels last.
  @Test(
    .having(GoldenNetwork.xseg.count, "XSeg network"), arguments: GoldenNetwork.xseg, ReferenceNetwork.Backend.allCases)
  func valuesWithinAreThoseOfTheOriginal(golden: GoldenNetwork, backend: ReferenceNetwork.Backend) throws {
    let network = try ReferenceNetwork(model: golden.model(), backend: backend)
    let arrays = try golden.arrays()
    let names = ["conv01", "conv02", "conv11", "conv12", "conv53", "up5", "uconv53", "up0", "dense1", "dense2"]
    let pools = ["bp0": "pool0", "bp1": "pool1", "bp5": "pool5"]
    let values = names + pools.keys.sorted()
    let faces = try #require(arrays["input_u8"])
    for image in 0..<faces.shape[0] {
      let found = try network.evaluate(
        values.map { pools[$0] ?? $0 } + ["logits"], image: faces.item(image).map { $0 / 255 })
      for (name, value) in zip(values, found) {
        let expected = try #require(arrays["after_\(name)"])
        let stride = arrays["after_\(name)_stride"].map { Int($0.doubles[0]) } ?? 1
        let shape = network.graph.shape(try network.graph.namedValue(pools[name] ?? name))
        let comparison = Comparison(
          GoldenXSeg.strided(
            interleaved(value, channels: shape.channels), side: shape.side, channels: shape.channels, stride: stride),
          expected.item(image))
        #expect(
          comparison.maximum <= GoldenXSeg.tolerance, "\(golden) \(backend) image \(image) \(name): \(comparison)")
      }
      let expected = try GoldenXSeg(network: golden).logits()[image]
      let comparison = Comparison(
        GoldenXSeg.strided(found[values.count], side: 256, stride: expected.stride), expected.values)
      #expect(comparison.maximum <= GoldenXSeg.logitTolerance, "\(golden) \(backend) image \(image): \(comparison)")
    }
  }

  private func interleaved(_ values: [Float], channels: Int) -> [Float] {
    let pixels = values.count / channels
    return (0..<pixels).flatMap { pixel in (0..<channels).map { values[$0 * pixels + pixel] } }
  }
}

extension Context {
  /// The masks of faces of a network that segments.
  func masks(_ faces: [[Float]]) throws(LiaeError) -> [[Float]] {
    let masks = Canvas(images: faces.count, side: plan.architecture.maskSide, format: .grayFloat)
    try run(.segment, input(faces), mask: masks)
    return masks.floats
  }
}
