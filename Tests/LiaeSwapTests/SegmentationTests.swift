// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeGraph
import LiaeImageIO
import LiaeRuntime
import LiaeSwap
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// XSeg in the loop of a merge, against DeepFaceLab's MergeMaskedFace with XSegNet.
@Suite(.golden("merge_xseg/cases.json", "merge/predictors.npz")) struct SegmentedMergeGoldenTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Config: Decodable, Sendable {
      var mask_mode, erode_mask_modifier, blur_mask_modifier, output_face_scale, color_transfer_mode: Int
    }
    var frame, landmarks, predictor, network: String
    var config: Config
    var name = ""
    private enum CodingKeys: String, CodingKey { case frame, landmarks, predictor, network, config }
    var testDescription: String { name }
  }

  static let cases = (try? GoldenSet.chosen.cases("merge_xseg/cases.json", name: \Case.name)) ?? []

  @Test(.having(cases.count, "merges with XSeg"), arguments: cases) func matchesDeepFaceLab(_ test: Case) throws {
    let set = GoldenSet.chosen
    let golden = try set.arrays("merge_xseg/\(test.name)"), predictors = try set.arrays("merge/predictors")
    let points = try #require(try set.arrays("merge/landmarks")[test.landmarks]).values
    let network = GoldenNetwork(test.network, in: set)
    let segmenter = try Context(plan: Plan(model: network.model())).segmenter()
    // The network's pictures and masks in the order of the calls.
    final class Calls { var pictures: [[Float]] = [], masks: [[Float]] = [] }
    let calls = Calls()

    func canvas<Pixel>(_ key: String, _ pixel: (ArraySlice<Float>) -> Pixel) throws -> Canvas<Pixel> {
      let array = try #require(predictors["\(test.predictor)_\(key)"])
      let result = try Canvas<Pixel>(width: array.shape[1], height: array.shape[0])
      let channels = array.values.count / result.count
      for i in 0..<result.count { result.pixels[i] = pixel(array.values[i * channels..<(i + 1) * channels]) }
      return result
    }
    var face = CompositeFace(
      landmarks: try Landmarks((0..<68).map { Point(Double(points[2 * $0]), Double(points[2 * $0 + 1])) }),
      type: .whole,
      rgb: try canvas("bgr_u8") {
        let p = Array($0); return Color(p[0], p[1], p[2], 0) / 255
      })
    face.swapMask = try canvas("mask_src_u8") { $0.first.map { $0 / 255 } ?? 0 }
    face.destinationMask = try canvas("mask_dst_u8") { $0.first.map { $0 / 255 } ?? 0 }
    face.segmenter = Segmenter(side: segmenter.side) { (picture) throws(LiaeError) in
      let mask = try segmenter.mask(picture)
      calls.pictures.append(
        (0..<picture.count).flatMap {
          let p = picture.pixels[$0]; return [p.x, p.y, p.z]
        })
      calls.masks.append((0..<mask.count).map { mask.pixels[$0] })
      return mask
    }
    var options = CompositeOptions()
    options.maskMode = try #require(.init(rawValue: Int32(test.config.mask_mode)))
    options.colorTransfer = try #require(.init(rawValue: Int32(test.config.color_transfer_mode)))
    (options.erode, options.blur) = (test.config.erode_mask_modifier, test.config.blur_mask_modifier)
    options.faceScale = test.config.output_face_scale

    let picture = try Picture.read(path: set.path("merge/\(test.frame)")).converted(to: .bgr8)
    let (result, mask) = (
      try Picture(width: picture.width, height: picture.height, format: .bgrFloat),
      try Picture(width: picture.width, height: picture.height, format: .grayFloat)
    )
    var compositor = try Compositor(try Frame(picture.view), options: options)
    try compositor.add(face)
    try compositor.write(to: result.mutableView, mask: mask.mutableView)
    withExtendedLifetime(picture) {}

    #expect(calls.pictures.count == 2)
    for (call, values) in calls.pictures.enumerated() {
      let stored = try #require(golden["xseg_input\(call)_u16"]).values.map { $0 / 40000 - 0.25 }
      let comparison = Comparison(GoldenXSeg.strided(values, side: 256, channels: 3, stride: 4), stored)
      #expect(comparison.maximum <= 0.004, "picture \(call): \(comparison)")
      let range = try #require(golden["xseg_input\(call)_min_max"]).values
      #expect(abs((values.min() ?? 0) - range[0]) <= 0.004 && abs((values.max() ?? 0) - range[1]) <= 0.004)
      let output = try #require(golden["xseg_output\(call)_u16"]).values.map { $0 / 65535 }
      let distances = zip(GoldenXSeg.strided(calls.masks[call], side: 256, stride: 4), output).map { abs($0 - $1) }
      // Pixels at the threshold of 0.1 fall to either side.
      #expect(distances.filter { $0 > 0.003 }.count <= distances.count / 200, "mask \(call)")
    }
    let rect = try #require(golden["crop_rect"]).doubles.map { Int($0) }
    func crop(_ values: [Float], _ channels: Int) -> [Float] {
      var result: [Float] = []
      for y in rect[1]..<rect[1] + rect[3] {
        let start = (y * picture.width + rect[0]) * channels
        result += values[start..<start + rect[2] * channels]
      }
      return result
    }
    for (what, found, key) in [
      ("mask", crop(mask.values, 1), "mask_u16"), ("result", crop(result.values, 3), "result_u16"),
    ] {
      let expected = try #require(golden[key]).values.map { $0 / 65535 }
      try #require(found.count == expected.count && !found.isEmpty)
      let distances = zip(found, expected).map { Double(abs($0 - $1)) }
      let mean = distances.reduce(0, +) / Double(distances.count), worst = distances.max() ?? 0
      #expect(mean <= 1e-3 && worst <= 0.05, "\(test.name) \(what): mean \(mean), worst \(worst)")
    }
  }
}

/// An XSeg model beside one that swaps, and in its place.
@Suite struct SegmentationTests {
  private static let options = CompositeOptions { $0.maskMode = .xsegProduct }

  private func face(_ context: Context, _ xseg: Context?) throws -> FrameFace {
    var face = FrameFace(landmarks: try GoldenFrame.landmarks("A"), context: context)
    (face.type, face.xseg) = (.whole, xseg)
    return face
  }

  /// The masks that are given stay, and what the network finds changes the frame.
  @Test func theNetworkStandsInForMasks() throws {
    let (swap, xseg) = (try Context.golden("liae-udt"), try Context.golden("xseg-b4"))
    let frame = try GoldenFrame.picture("A")
    let found = try Swapped(FrameSwapper(options: Self.options), frame, [try face(swap, xseg)])
    #expect(found.mask.contains { $0 != 0 })
    var given = try face(swap, xseg)
    (given.xsegSwap, given.xsegDestination) = (
      try MaskCanvas(width: 64, height: 64), try MaskCanvas(width: 64, height: 64)
    )
    let black = try Swapped(FrameSwapper(options: Self.options), frame, [given])
    #expect(black.mask.allSatisfy { $0 == 0 })
    expectMissing(try face(swap, nil), frame)
  }

  private func expectMissing(_ face: FrameFace, _ frame: Picture) {
    let error = failure { _ = try Swapped(FrameSwapper(options: Self.options), frame, [face]) }
    #expect(error?.status == .invalidArgument && error?.message.contains("XSeg") == true, "\(error as Any)")
  }

  @Test func modelsOfTheOtherKindAreRefused() throws {
    let (swap, xseg) = (try Context.golden("liae-udt"), try Context.golden("xseg-b4"))
    let frame = try GoldenFrame.picture("A")
    for faces in [[try face(xseg, xseg)], [try face(swap, swap)]] {
      let error = failure { _ = try Swapped(FrameSwapper(options: Self.options), frame, faces) }
      #expect(error?.status == .unsupported && error?.message.contains("xseg") == true, "\(error as Any)")
    }
    let picture = try ColorCanvas(width: 256, height: 256)
    #expect(failure { _ = try swap.segmented(picture) }?.status == .unsupported)
    #expect(try xseg.segmented(picture).count == 65536)
  }
}
