// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// Options of training. Kept with the model: what is not given stays as it was.
struct TrainingArguments: SettingOptions {
  @Option(help: .init("Faces of each side in an iteration. 1 to 1024. (default: 4)", valueName: "n"))
  var batchSize: Int?

  @Option(help: .init("Stop at this iteration; 0: never. (default: 0)", valueName: "n"))
  var targetIter: Int?

  @Option(
    help: .init("Seed of weights, faces and warps: the same seed trains the same model. (default: 0)", valueName: "n"))
  var seed: Int?

  @Flag(inversion: .prefixedNo, help: "Warp the faces that the network sees at random. (default: on)")
  var randomWarp: Bool?

  @Option(help: .init("Random warp up to this iteration, then none.", valueName: "n"))
  var randomWarpUntil: Int?

  @Flag(inversion: .prefixedNo, help: "Exclude pixels outside of the mask from the loss. (default: on; in amp always)")
  var maskedTraining: Bool?

  @Flag(inversion: .prefixedNo, help: "More weight on eyes and mouth. (default: off; in amp always)")
  var eyesMouthPrio: Bool?

  @Option(help: .init("First iteration of --eyes-mouth-prio.", valueName: "n"))
  var eyesMouthPrioFrom: Int?

  @Flag(inversion: .prefixedNo, help: "Blur the surroundings of the mask in the targets. (default: off)")
  var blurOutMask: Bool?

  @Flag(inversion: .prefixedNo, help: "Draw side views as often as front views. (default: off)")
  var uniformYaw: Bool?

  @Flag(inversion: .prefixedNo, help: "Mirror faces of the source at random. (default: off)")
  var randomSrcFlip: Bool?

  @Flag(inversion: .prefixedNo, help: "Mirror faces of the destination at random. (default: on)")
  var randomDstFlip: Bool?

  @Option(
    help: .init("Random hue, saturation and value of what the network sees. 0 to 0.3. (default: 0)", valueName: "x"))
  var randomHsvPower: Double?

  @Option(
    help: .init("Colours of the source: none, rct, lct, mkl, idt, sot. (default: none)", valueName: "name"))
  var ctMode: String?

  @Option(help: .init("adabelief, rmsprop, adam, rmsprop-torch. (default: adabelief)", valueName: "name"))
  var optimizer: String?

  @Flag(inversion: .prefixedNo, help: "DeepFaceLab's words for --optimizer adabelief and rmsprop.")
  var adabelief: Bool?

  @Option(help: .init("Learning rate. (default: 5e-05)", valueName: "x"))
  var learningRate: Double?

  @Option(
    help: .init(
      "Learning rates from later iterations on, as in 24000:1e-4,30000:5e-5.", valueName: "n:x,..."))
  var learningRateFrom: String?

  @Option(
    help: .init("Loss that is minimised: dfl, or torch, that of the PyTorch port. (default: dfl)", valueName: "name"))
  var criterion: String?

  @Flag(inversion: .prefixedNo, help: "Each iteration changes a random third of the weights. (default: off)")
  var lrDropout: Bool?

  @Option(help: .init("First iteration of --lr-dropout.", valueName: "n"))
  var lrDropoutFrom: Int?

  @Flag(inversion: .prefixedNo, help: "Clip the norm of the gradient to 1. (default: off)")
  var clipgrad: Bool?

  @Option(help: .init("Weight of the adversary, which makes faces sharper. 0 to 5. (default: 0)", valueName: "x"))
  var ganPower: Double?

  @Option(help: .init("Size of the adversary's patches, pixels. 3 to 640. (default: resolution / 8)", valueName: "n"))
  var ganPatchSize: Int?

  @Option(help: .init("Width of the adversary. 4 to 512. (default: 16)", valueName: "n"))
  var ganDims: Int?

  @Option(help: .init("First iteration of the adversary.", valueName: "n"))
  var ganFrom: Int?

  @Option(help: .init("df only: the source's code on the destination's side. 0 to 1. (default: 0)", valueName: "x"))
  var trueFacePower: Double?

  @Option(
    help: .init(
      "amp only: share of the source face's code that is the source's own. 0.1 to 0.5. (default: 0.5)", valueName: "x"))
  var morphFactor: Double?

  @Option(help: .init("Colours of the destination's face in the swap. 0 to 100. (default: 0)", valueName: "x"))
  var faceStylePower: Double?

  @Option(help: .init("The destination's surroundings in the swap. 0 to 100. (default: 0)", valueName: "x"))
  var bgStylePower: Double?

  @Flag(inversion: .prefixedNo, help: "Learn from --pretraining-data in place of src and dst. (default: off)")
  var pretrain: Bool?

  @Option(help: .init("Hours between backups, 0 to 24; 0: none. (default: 0)", valueName: "n"))
  var autobackupHour: Int?

  @Flag(inversion: .prefixedNo, help: "Keep every preview. (default: off)")
  var writePreviewHistory: Bool?
}
