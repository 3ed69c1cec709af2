// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// One case of Tests/golden/merge/cases.json: what DeepFaceLab's MergeMaskedFace was given.
struct MergeCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Config: Decodable, Sendable {
    var mode: String
    var masked_hist_match: Bool
    var hist_match_threshold, mask_mode, erode_mask_modifier, blur_mask_modifier: Int
    var motion_blur_power, output_face_scale, super_resolution_power, color_transfer_mode: Int
    var image_denoise_power, bicubic_degrade_power, color_degrade_power, sharpen_mode, blursharpen_amount: Int
  }
  /// The distance between two builds of OpenCV.
  struct Difference: Decodable, Sendable { var mean, p99, max, mask_max: Double }
  var frame, landmarks, predictor, face_type: String
  var config: Config
  var motion_deg, motion_power: Double
  var opencv5_difference: Difference
  var name = ""
  private enum CodingKeys: String, CodingKey {
    case frame, landmarks, predictor, face_type, config, motion_deg, motion_power, opencv5_difference
  }
  var testDescription: String { name }

  /// All but the one with two faces, which has a form of its own.
  static let all: [MergeCase] = {
    guard let data = FileManager.default.contents(atPath: "\(MergeData.folder)/cases.json"),
      let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    else { return [] }
    return object.keys.sorted().compactMap { name in
      guard let value = object[name], let json = try? JSONSerialization.data(withJSONObject: value),
        var result = try? JSONDecoder().decode(MergeCase.self, from: json)
      else { return nil }
      result.name = name
      return result
    }
  }()

  func options() throws -> CompositeOptions {
    var result = CompositeOptions()
    let modes = [
      "original", "overlay", "hist-match", "seamless", "seamless-hist-match", "raw-rgb", "raw-predict",
    ]
    let number = try #require(modes.firstIndex(of: config.mode))
    result.blend = try #require(CompositeOptions.Blend(rawValue: Int32(number)))
    result.maskMode = try #require(CompositeOptions.MaskMode(rawValue: Int32(config.mask_mode)))
    (result.erode, result.blur) = (config.erode_mask_modifier, config.blur_mask_modifier)
    result.faceScale = config.output_face_scale
    result.colorTransfer = try #require(ColorTransfer(rawValue: Int32(config.color_transfer_mode)))
    result.masksHistogramMatch = config.masked_hist_match
    result.histogramThreshold = config.hist_match_threshold
    result.sharpening = try #require(Sharpening(rawValue: Int32(config.sharpen_mode)))
    (result.sharpenAmount, result.motionBlur) = (config.blursharpen_amount, config.motion_blur_power)
    result.superResolution = config.super_resolution_power
    (result.denoise, result.bicubicDegrade) = (config.image_denoise_power, config.bicubic_degrade_power)
    result.colorDegrade = config.color_degrade_power
    return result
  }

  func face(_ result: [String: NPYArray]) throws -> CompositeFace {
    let type = try #require(
      ["h": FaceType.half, "mf": .midFull, "f": .full, "wf": .whole, "head": .head][face_type])
    var face = CompositeFace(
      landmarks: try MergeData.landmarks(landmarks), type: type, rgb: try MergeData.color("\(predictor)_bgr_u8"))
    face.swapMask = try MergeData.mask("\(predictor)_mask_src_u8")
    face.destinationMask = try MergeData.mask("\(predictor)_mask_dst_u8")
    face.xsegSwap = try MergeData.mask("xseg_prd_u8")
    face.xsegDestination = try MergeData.mask("xseg_dst_u8")
    face.motion = Motion(power: motion_power, degrees: motion_deg)
    if config.super_resolution_power != 0 {
      let side = face.rgb.width * 4
      let enlarged = try ColorCanvas(width: side, height: side)
      for y in 0..<side { for x in 0..<side { enlarged[x, y] = face.rgb[x / 4, y / 4] } }
      face.enhanced = enlarged
    }
    face.randomness = .recorded(
      normals: result["random_normals"]?.doubles ?? [], rotations: result["random_rotations"]?.doubles ?? [])
    return face
  }
}

enum MergeData {
  static let folder = "\(GoldenNetwork.root)/merge"
  private static let predictors = Result { try NPZ.read("\(folder)/predictors.npz") }
  private static let points = Result { try NPZ.read("\(folder)/landmarks.npz") }

  static func landmarks(_ name: String) throws -> Landmarks {
    let values = try #require(try points.get()[name]).values
    return try Landmarks((0..<68).map { Point(Double(values[2 * $0]), Double(values[2 * $0 + 1])) })
  }

  /// Bytes of blue, green, red.
  static func color(_ name: String) throws -> ColorCanvas {
    let array = try #require(try predictors.get()[name])
    let result = try ColorCanvas(width: array.shape[1], height: array.shape[0])
    for i in 0..<result.count {
      result.pixels[i] = Color(array.values[3 * i], array.values[3 * i + 1], array.values[3 * i + 2], 255) / 255
    }
    return result
  }

  static func mask(_ name: String) throws -> MaskCanvas {
    let array = try #require(try predictors.get()[name])
    let result = try MaskCanvas(width: array.shape[1], height: array.shape[0])
    for i in 0..<result.count { result.pixels[i] = array.values[i] / 255 }
    return result
  }

  static func picture(_ name: String) throws -> Picture {
    try Picture.read(path: "\(folder)/\(name)").converted(to: .bgr8)
  }
}

/// DeepFaceLab's own merges. Tolerances as Tests/golden/README.md: twice the distance between two builds of OpenCV.
@Suite struct MergeGoldenTests {
  private func expectClose(_ found: [Float], _ expected: [Float], _ test: MergeCase, _ what: String) {
    let differences = zip(found, expected).map { Double(abs($0 - $1)) }.sorted()
    let mean = differences.reduce(0, +) / Double(differences.count)
    let p99 = differences[(differences.count - 1) * 99 / 100]
    let limit = test.opencv5_difference
    #expect(found.count == expected.count)
    #expect(mean <= 2 * limit.mean + 3e-4, "\(test.name), \(what): mean \(mean)")
    #expect(p99 <= 2 * limit.p99 + 0.004, "\(test.name), \(what): 99th percentile \(p99)")
  }

  @Test func allCasesAreRead() { #expect(MergeCase.all.count == 59) }

  @Test(arguments: MergeCase.all) func matchesDeepFaceLab(_ test: MergeCase) throws {
    let golden = try NPZ.read("\(MergeData.folder)/\(test.name).npz")
    let (options, face) = (try test.options(), try test.face(golden))
    let picture = try MergeData.picture(test.frame)
    defer { withExtendedLifetime(picture) {} }
    let expected = try #require(golden["result_u16"]).values.map { $0 / 65535 }
    var masks = golden["mask_u16"]?.values
    if let other = golden["mask_same_as"]?.text {
      masks = try NPZ.read("\(MergeData.folder)/\(other).npz")["mask_u16"]?.values
    }
    let expectedMask = try #require(masks).map { $0 / 65535 }
    let rect = try #require(golden["crop_rect"]).doubles.map { Int($0) }
    if options.blend == .rawPredict {
      let (found, mask) = try Frame(picture.view).rawPrediction(face, options: options)
      let values = (0..<found.count).flatMap { [found.pixels[$0].x, found.pixels[$0].y, found.pixels[$0].z] }
      expectClose(values, expected, test, "face")
      expectClose((0..<mask.count).map { mask.pixels[$0] }, expectedMask, test, "mask")
      return
    }
    let (result, mask) = (
      try Picture(width: picture.width, height: picture.height, format: .bgrFloat),
      try Picture(width: picture.width, height: picture.height, format: .grayFloat)
    )
    var compositor = try Compositor(try Frame(picture.view), options: options)
    try compositor.add(face)
    try compositor.write(to: result.mutableView, mask: mask.mutableView)
    func crop(_ values: [Float], _ channels: Int) -> [Float] {
      var result: [Float] = []
      for y in rect[1]..<rect[1] + rect[3] {
        let start = (y * picture.width + rect[0]) * channels
        result += values[start..<start + rect[2] * channels]
      }
      return result
    }
    expectClose(crop(result.values, 3), expected, test, "result")
    let maskDifference = zip(crop(mask.values, 1), expectedMask).map { abs($0 - $1) }.max() ?? 0
    #expect(Double(maskDifference) <= 2 * test.opencv5_difference.mask_max + 0.002, "mask off by \(maskDifference)")
    // Outside the rectangle the frame has not changed.
    let (before, after) = (try picture.converted(to: .bgrFloat).values, result.values)
    var changed = 0
    for y in 0..<picture.height {
      for x in 0..<picture.width {
        let isInside = x >= rect[0] && x < rect[0] + rect[2] && y >= rect[1] && y < rect[1] + rect[3]
        let i = 3 * (y * picture.width + x)
        if !isInside, (0..<3).contains(where: { abs(after[i + $0] - before[i + $0]) > 0.004 }) { changed += 1 }
      }
    }
    #expect(changed == 0, "pixels changed outside the golden rectangle")
  }

  /// DeepFaceLab's MergeMasked: each face from the frame as it was, one over the other, 8 bits by truncation.
  @Test func twoFaces() throws {
    let cases = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: "\(MergeData.folder)/cases.json")))
    var entry = try #require((cases as? [String: Any])?["two_faces"] as? [String: Any])
    let (names, predictors) = (
      try #require(entry["landmarks"] as? [String]), try #require(entry["predictor"] as? [String])
    )
    let picture = try MergeData.picture("frame_D.png")
    defer { withExtendedLifetime(picture) {} }
    var compositor: Compositor?
    for (name, predictor) in zip(names, predictors) {
      (entry["landmarks"], entry["predictor"], entry["motion_deg"], entry["motion_power"]) = (name, predictor, 0, 0)
      entry["opencv5_difference"] = ["mean": 0, "p99": 0, "max": 0, "mask_max": 0]
      let test = try JSONDecoder().decode(MergeCase.self, from: JSONSerialization.data(withJSONObject: entry))
      if compositor == nil { compositor = try Compositor(try Frame(picture.view), options: test.options()) }
      try compositor?.add(test.face([:]))
    }
    let (result, mask) = (
      try Picture(width: picture.width, height: picture.height, format: .rgbFloat),
      try Picture(width: picture.width, height: picture.height, format: .grayFloat)
    )
    try #require(compositor).write(to: result.mutableView, mask: mask.mutableView)
    // As it is stored: 8-bit RGBA.
    let golden = try Picture.read(path: "\(MergeData.folder)/two_faces_result_bgra.png").converted(to: .rgbaFloat)
      .values
    let (colors, alphas) = (result.values, mask.values)
    var differences: [Int] = []
    for i in 0..<picture.width * picture.height {
      let found = [colors[3 * i], colors[3 * i + 1], colors[3 * i + 2], alphas[i]]
      for channel in 0..<4 {
        differences.append(abs(Int(found[channel] * 255) - Int((golden[4 * i + channel] * 255).rounded())))
      }
    }
    differences.sort()
    #expect(differences[differences.count * 99 / 100] <= 2)
    #expect(Double(differences.reduce(0, +)) / Double(differences.count) < 0.1)
  }
}
