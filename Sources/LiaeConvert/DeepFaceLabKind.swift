// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem

/// DeepFaceLab's trainers whose models this library runs. Their files have the same form; names and options differ.
enum DeepFaceLabKind: String, CaseIterable {
  case saehd = "SAEHD"
  case amp = "AMP"
  case xseg = "XSeg"

  init(_ family: Architecture.Family) {
    switch family {
    case .liae, .df: self = .saehd
    case .amp: self = .amp
    case .xseg: self = .xseg
    }
  }

  var families: [Architecture.Family] { Architecture.Family.allCases.filter { DeepFaceLabKind($0) == self } }

  /// Trainers whose files have similar names, and whose networks this library does not run.
  static let foreign = ["Quick96"]

  /// Names of the files that a folder may hold, for messages.
  static let expected = "NAME_SAEHD_encoder.npy, NAME_AMP_encoder.npy or XSeg_256.npy"

  /// The values of the option `face_type` that the trainer knows.
  var faceTypes: [String] { self == .amp ? ["f", "wf", "head"] : ModelInfo.faceTypes.map(\.letters) }
  /// The trainer's default of that option.
  private var defaultFaceType: String { self == .saehd ? "f" : "wf" }

  /// The option `face_type` for a model; the trainer's default for a face type that is not known or that it lacks.
  func faceType(_ info: ModelInfo) -> (letters: String, isExact: Bool) {
    let letters = ModelInfo.faceTypes.first { $0.name == info.faceType }?.letters
    if let letters, faceTypes.contains(letters) { return (letters, true) }
    return (defaultFaceType, false)
  }

  /// The trainer's default of `morph_factor`.
  static let defaultMorph = 0.5

  /// All options of the trainer in its order: those that describe the network as the model has them, the others at
  /// their defaults.
  func options(_ model: Model) -> [(key: String, value: PickleValue)] {
    let a = model.architecture
    let face = PickleValue.string(faceType(model.info).letters)
    let sizes: [(String, PickleValue)]
    switch self {
    case .xseg: return [("face_type", face), ("pretrain", .bool(false)), ("batch_size", .int(4))]
    case .saehd:
      sizes = [
        ("resolution", .int(a.resolution)), ("face_type", face), ("models_opt_on_gpu", .bool(true)),
        ("archi", .string(a.name)), ("ae_dims", .int(a.aeDims)), ("e_dims", .int(a.eDims)), ("d_dims", .int(a.dDims)),
        ("d_mask_dims", .int(a.dMaskDims)), ("masked_training", .bool(true)), ("eyes_mouth_prio", .bool(false)),
        ("uniform_yaw", .bool(false)), ("blur_out_mask", .bool(false)), ("adabelief", .bool(true)),
        ("lr_dropout", .string("n")), ("random_warp", .bool(true)), ("random_hsv_power", .float(0)),
        ("true_face_power", .float(0)), ("face_style_power", .float(0)), ("bg_style_power", .float(0)),
        ("ct_mode", .string("none")), ("clipgrad", .bool(false)), ("pretrain", .bool(false)),
      ]
    case .amp:
      sizes = [
        ("resolution", .int(a.resolution)), ("face_type", face), ("models_opt_on_gpu", .bool(true)),
        ("ae_dims", .int(a.aeDims)), ("inter_dims", .int(a.interDims)), ("e_dims", .int(a.eDims)),
        ("d_dims", .int(a.dDims)), ("d_mask_dims", .int(a.dMaskDims)),
        ("morph_factor", .float(model.info.trainedMorph ?? Self.defaultMorph)), ("uniform_yaw", .bool(false)),
        ("blur_out_mask", .bool(false)), ("lr_dropout", .string("n")), ("random_warp", .bool(true)),
        ("ct_mode", .string("none")), ("clipgrad", .bool(false)),
      ]
    }
    return sizes + [
      ("autobackup_hour", .int(0)), ("write_preview_history", .bool(false)), ("target_iter", .int(0)),
      ("random_src_flip", .bool(false)), ("random_dst_flip", .bool(true)), ("batch_size", .int(8)),
      ("gan_power", .float(0)), ("gan_patch_size", .int(a.resolution / 8)), ("gan_dims", .int(16)),
    ]
  }
}

extension ModelInfo {
  /// The values of DeepFaceLab's `morph_factor` that are believed; its trainer takes 0.1 to 0.5.
  static let trainedMorphRange = 0.0...1.0
}
