// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTrain

extension StateFile {
  /// The settings that are kept in the file.
  ///
  /// - Parameter path: what messages call the file.
  func trainingSettings(_ path: String) throws -> TrainingSettings {
    guard case .object(let members) = settings else { throw Failure(.model, "\(path): its settings are no object") }
    var result = TrainingSettings()
    do throws(LiaeError) {
      for (key, value) in members { try result.set(key, value, source: "\(path): ") }
    } catch { throw Failure(.model, error.message) }
    return result
  }

  /// The network with its weights.
  func model(_ path: String) throws -> Model {
    let settings = try trainingSettings(path)
    let trainer = try Trainer(
      engine: Engine(workers: 1), architecture: settings.architecture(), weights: nil, options: settings.options,
      seed: 0)
    do throws(LiaeError) { try trainer.restore(self.trainer) } catch {
      throw Failure(.model, error.naming(path).message)
    }
    let bare = try trainer.model()
    var info = bare.info
    (info.faceType, info.iteration) = (settings.faceType.rawValue, trainer.iteration)
    return try Model(architecture: bare.architecture, info: info, tensors: bare.tensors)
  }

  /// What DeepFaceLab needs to go on.
  func deepFaceLabTraining(_ path: String) throws -> DeepFaceLabTraining {
    let settings = try trainingSettings(path)
    let options = settings.phase(at: history.last, attempt: 0).options
    var training = DeepFaceLabTraining()
    training.iteration = history.last
    training.losses = zip(history.source, history.destination).map { ($0, $1) }
    training.options = [
      ("masked_training", .bool(options.maskedTraining)), ("eyes_mouth_prio", .bool(options.eyesMouthPriority)),
      ("uniform_yaw", .bool(settings.uniformYaw)), ("blur_out_mask", .bool(options.blurOutMask)),
      ("adabelief", .bool(options.optimizer == .adabelief)),
      ("lr_dropout", .string(options.learningRateDropout ? "y" : "n")), ("random_warp", .bool(options.randomWarp)),
      ("random_hsv_power", .float(Double(settings.randomHSVPower))),
      ("true_face_power", .float(Double(options.trueFacePower))),
      ("face_style_power", .float(Double(options.faceStylePower))),
      ("bg_style_power", .float(Double(options.backgroundStylePower))),
      ("ct_mode", .string(settings.colorTransfer.rawValue)), ("clipgrad", .bool(options.clipGradient)),
      ("pretrain", .bool(options.pretrain)), ("autobackup_hour", .int(settings.autobackupHours)),
      ("write_preview_history", .bool(settings.writesPreviewHistory)), ("target_iter", .int(settings.targetIteration)),
      ("random_src_flip", .bool(settings.randomSourceFlip)), ("random_dst_flip", .bool(settings.randomDestinationFlip)),
      ("batch_size", .int(settings.batchSize)), ("gan_power", .float(Double(options.ganPower))),
      ("gan_patch_size", .int(options.ganPatchSize)), ("gan_dims", .int(options.ganDims)),
    ]
    training.files = try DeepFaceLabState.files(of: trainer, optimizer: options.optimizer)
    return training
  }
}
