// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeSystem
import LiaeTestSupport
import LiaeText
import LiaeTrain
import LiaeTrainingSession
import Testing

/// Sessions that train AMP: going on, to and from DeepFaceLab's files, settings that contradict the family.
@Suite struct AMPSessionTests {
  private let training: Training
  private static let network: Training.Given = [
    ("arch", .string("amp")), ("resolution", .integer(64)), ("e-dims", .integer(2)), ("ae-dims", .integer(4)),
    ("d-dims", .integer(2)), ("d-mask-dims", .integer(2)), ("inter-dims", .integer(6)), ("batch-size", .integer(2)),
    ("threads", .integer(1)), ("generator-threads", .integer(1)), ("preview-every", .integer(2)),
    ("gan-power", .number(0.1)), ("gan-dims", .integer(4)), ("morph-factor", .number(0.35)),
  ]

  init() throws { training = try Training() }

  /// Four iterations are two and two more, to the last bit of the state file, whatever the threads.
  @Test func goesOnBitForBit() throws {
    try training.run(Self.network + [("target-iter", .integer(4))])
    let other = try Training()
    try other.run(Self.network + [("target-iter", .integer(2))])
    try other.run([
      ("target-iter", .integer(4)), ("threads", .integer(2)), ("generator-threads", .integer(1)),
      ("preview-every", .integer(0)),
    ])
    #expect(try training.bytes() == other.bytes())
    #expect(File.kind(training.folder("model/model_samples.png")) == .file)
  }

  /// What is exported has DeepFaceLab's names, and training goes on from it as from the state.
  @Test func exportsWhatItGoesOnFrom() throws {
    try training.run(Self.network + [("target-iter", .integer(2))])
    let state = try TrainingState(path: training.state)
    let model = try state.trainedModel()
    #expect(model.info.trainedMorph == 0.35)
    let other = try Training()
    try ModelWriter.write(
      model, to: other.model, as: .deepFaceLab(modelName: "me"), training: state.deepFaceLabTraining(), replacing: false
    )
    let files = try DeepFaceLabTraining(folder: other.model, name: "me").files
    let moments = try #require(files["src_dst_opt.npy"]).names, adversary = try #require(files["GAN_opt.npy"]).names
    #expect(moments.contains("ms_encoder/dense1/weight_0:0") && moments.contains("vs_decoder/out_conv3/bias_0:0"))
    #expect(!moments.contains { $0.contains("inter_") })
    #expect(adversary.contains("ms_GAN/in_conv/weight_0:0") && files["GAN.npy"]?["in_conv/weight:0"] != nil)
    // 20 tensors of the encoder, 44 of the decoder, two moments each, and the number of steps.
    #expect(moments.count == 2 * 64 + 1)

    let start = try other.start()
    #expect(start.settings.archi == "amp" && start.settings.interDims == 6 && start.remarks.isEmpty)
    #expect(start.settings.options.morphFactor == 0.35 && start.settings.options.ganPower == 0.1)
    let resumed = try ResumedTraining(start, engine: Engine(workers: 1))
    let whole = try ResumedTraining(training.start(), engine: Engine(workers: 1))
    #expect(resumed.trainer.iteration == 2 && resumed.trainer.optimizer.steps == 2 && resumed.remarks.isEmpty)
    let (own, expected) = (try resumed.trainer.state.tensors, try whole.trainer.state.tensors)
    #expect(Set(own.names) == Set(expected.names))
    for name in expected.names { #expect(own[name]?.contents == expected[name]?.contents, "\(name)") }
  }

  /// The folder of an AMP model that DeepFaceLab wrote.
  @Test func startsFromDeepFaceLab() throws {
    let source = GoldenSet.repository.path("networks/amp-64")
    try File.makeFolder(training.model)
    for file in try File.list(source) where file.contains("_AMP_") {
      try File.writeAtomically(
        training.folder("model/\(file)"), replacing: false, Bytes.read(path: "\(source)/\(file)"))
    }
    let start = try training.start()
    #expect(start.settings.archi == "amp" && start.settings.interDims == 16 && start.settings.faceType == .whole)
    #expect(start.settings.options.morphFactor == 0.5 && start.remarks.isEmpty)
    #expect(try ResumedTraining(start, engine: Engine(workers: 1)).trainer.iteration == 77)
    expectError(.invalidArgument, "--inter-dims is 17", "has 16") {
      _ = try training.start([("inter-dims", .integer(17))])
    }
    // A model of the same name by the other trainer.
    let saved = GoldenSet.repository.path("training/saved_model")
    for file in try File.list(saved) {
      try File.writeAtomically(
        training.folder("model/\(file)"), replacing: false, Bytes.read(path: "\(saved)/\(file)"))
    }
    expectError(.invalidArgument, "golden_AMP_", "golden_SAEHD_", "all but one") { _ = try training.start() }
  }

  @Test(arguments: [
    ("pretrain", JSON.boolean(true), "pretrain"), ("true-face-power", .number(0.1), "for df only"),
    ("face-style-power", .number(1), "face_style_power"), ("bg-style-power", .number(1), "bg_style_power"),
    ("criterion", .string("torch"), "torch"), ("masked-training", .boolean(false), "masked_training"),
    ("resolution", .integer(48), "multiple of 32"), ("flavour", .string("torch"), "flavour"),
  ])
  func settingsThatContradictTheFamily(key: String, value: JSON, message: String) throws {
    expectError(.invalidArgument, message) { _ = try training.start(Self.network + [(key, value)]) }
    expectError(.invalidArgument, "--inter-dims is 6", "amp only") {
      _ = try training.start([("arch", .string("liae-ud")), ("inter-dims", .integer(6))])
    }
  }
}
