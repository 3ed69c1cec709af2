// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// One case of merge/cases.json: what DeepFaceLab's MergeMaskedFace was given.
struct MergeCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Config: Decodable, Sendable {
    var mode: String
    var masked_hist_match: Bool
    var hist_match_threshold, mask_mode, erode_mask_modifier, blur_mask_modifier: Int
    var motion_blur_power, output_face_scale, super_resolution_power, color_transfer_mode: Int
    var image_denoise_power, bicubic_degrade_power, color_degrade_power, sharpen_mode, blursharpen_amount: Int
  }
  /// The distance between two builds of OpenCV.
  struct Difference: Decodable, Sendable { var mean = 0.0, p99 = 0.0, max = 0.0, mask_max = 0.0 }
  /// A text, or a list of texts.
  struct Names: Decodable, Sendable {
    let all: [String]
    let isList: Bool

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let name = try? container.decode(String.self) {
        (all, isList) = ([name], false)
      } else {
        (all, isList) = (try container.decode([String].self), true)
      }
    }
  }
  var frame, face_type: String
  /// One for each face.
  var landmarks, predictor: Names
  var config: Config
  var motion_deg, motion_power: Double?
  var opencv5_difference: Difference?
  var name = ""
  private enum CodingKeys: String, CodingKey {
    case frame, landmarks, predictor, face_type, config, motion_deg, motion_power, opencv5_difference
  }
  var testDescription: String { name }

  static let loaded = Result {
    try GoldenSet.chosen.cases("merge/cases.json", name: \MergeCase.name)
  }
  private static let everything = (try? loaded.get()) ?? []
  static let all = everything.filter { !$0.landmarks.isList }
  /// Whole pictures with several faces, which have a form of their own.
  static let several = everything.filter(\.landmarks.isList)

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

  /// The faces, each as the networks are said to have returned it.
  func faces(_ result: [String: NPYArray]) throws -> [CompositeFace] {
    try #require(landmarks.all.count == predictor.all.count)
    let letters = ["h": FaceType.half, "mf": .midFull, "f": .full, "wf": .whole, "head": .head]
    let type = try #require(letters[face_type] ?? FaceType(rawValue: face_type))
    return try zip(landmarks.all, predictor.all).map { landmarks, predictor in
      var face = CompositeFace(
        landmarks: try MergeData.landmarks(landmarks), type: type, rgb: try MergeData.color("\(predictor)_bgr_u8"))
      face.swapMask = try MergeData.mask("\(predictor)_mask_src_u8")
      face.destinationMask = try MergeData.mask("\(predictor)_mask_dst_u8")
      face.xsegSwap = try MergeData.mask("xseg_prd_u8")
      face.xsegDestination = try MergeData.mask("xseg_dst_u8")
      face.motion = Motion(power: motion_power ?? 0, degrees: motion_deg ?? 0)
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
}

/// The data that the cases name.
enum MergeData {
  private static let predictors = Result { try GoldenSet.chosen.arrays("merge/predictors") }
  private static let points = Result { try GoldenSet.chosen.arrays("merge/landmarks") }

  static func landmarks(_ name: String) throws -> Landmarks {
    try Landmarks(GeometryGolden.points(try #require(try points.get()[name], "no landmarks \(name)").values))
  }

  /// Bytes of blue, green, red.
  static func color(_ name: String) throws -> ColorCanvas {
    try Imaging.color(bytes: try #require(try predictors.get()[name], "no array \(name)"))
  }

  static func mask(_ name: String) throws -> MaskCanvas {
    let array = try #require(try predictors.get()[name], "no array \(name)")
    return try Imaging.canvas(array.shape[1], array.shape[0]) { array.values[$0] / 255 }
  }

  static func picture(_ name: String) throws -> Picture {
    try Picture.read(path: GoldenSet.chosen.path("merge/\(name)")).converted(to: .bgr8)
  }
}
