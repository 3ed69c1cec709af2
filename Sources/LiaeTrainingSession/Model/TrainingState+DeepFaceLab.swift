// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeSystem
import LiaeTensor
import LiaeTrain

extension TrainingState {
  /// The training state that DeepFaceLab keeps beside the weights: options, losses, optimiser and adversaries.
  ///
  /// - Throws: `corruptFile` for settings that are not possible; `outOfMemory`.
  package func deepFaceLabTraining() throws(LiaeError) -> DeepFaceLabTraining {
    if try isSegmentation() { return try deepFaceLabSegmentation() }
    let settings = try trainingSettings()
    let history = LossHistory(self)
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
      ("morph_factor", .float(options.morphFactor)),
    ]
    training.files = try DeepFaceLabState.files(
      of: self, family: try settings.architecture().family, optimizer: options.optimizer)
    return training
  }

  /// The same of a training of XSeg.
  private func deepFaceLabSegmentation() throws(LiaeError) -> DeepFaceLabTraining {
    let settings = try segmentationSettings()
    let history = LossHistory(self, sides: 1)
    var training = DeepFaceLabTraining()
    training.iteration = history.last
    training.losses = history.source.map { ($0, nil) }
    training.options = [("pretrain", .bool(settings.options.pretrain)), ("batch_size", .int(settings.batchSize))]
    // DeepFaceLab's XSeg has no other optimiser.
    guard settings.options.optimizer == .rmsprop,
      let steps = counters.first(where: { $0.name == "optimizer_steps" })?.value
    else { return training }
    var moments = TensorDictionary()
    moments["iters:0"] = try DeepFaceLabState.scalar(steps)
    for name in tensors.names where !name.contains("/") {
      moments["acc_\(SegmentationTrainer.deepFaceLabName(name))_0:0"] = tensors["first/\(name)"]
    }
    training.files[DeepFaceLabTraining.segmentationOptimizer] = moments
    return training
  }
}
