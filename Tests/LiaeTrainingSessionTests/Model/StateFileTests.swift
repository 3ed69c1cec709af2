// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import LiaeTrain
import LiaeTrainingSession
import Testing

/// Tests what a training saves, read again: by the trainer, byte for byte, and as a model of its current weights.
@Suite struct StateFileTests {
  let training: Training

  init() throws { training = try Training() }

  @Test func readAndSavedAgainItIsTheSameFile() throws {
    try training.begin(
      3, [("gan-power", .number(0.1)), ("gan-dims", .integer(4)), ("gan-patch-size", .integer(8))])
    let before = try training.bytes()
    try TrainingState(path: training.state).write(to: training.folder("copy"))
    #expect(try training.bytes(training.folder("copy")) == before)
    // A setting that changes is saved before the first iteration; the same one again makes the same file.
    try training.run([("seed", .integer(1))])
    #expect(try training.bytes() != before)
    try training.run([("seed", .integer(0))])
    #expect(try training.bytes() == before)
  }

  /// A model of every kind, trained from golden weights: the reader of LiaeConvert and the trainer agree to the bit.
  @Test(arguments: ["liae", "liae-udt", "liae-udtc", "df-ud", "torch-t", "torch-d", "torch-udt"])
  func theReaderFindsTheTrainersWeights(name: String) throws {
    let network = try #require(GoldenNetwork.all.first { $0.name == name })
    let model = try network.model()
    let path = training.folder("weights.safetensors")
    try ModelWriter.write(model, to: path, as: .safetensors(.float32), replacing: false)
    var given: Training.Given = [
      ("batch-size", .integer(1)), ("threads", .integer(1)), ("preview-every", .integer(0)),
      ("target-iter", .integer(1)),
    ]
    // Weights of the port do not say what their faces show; the training does.
    if model.info.faceType == nil { given.append(("face-type", .string("mf"))) }
    try training.run(given, weights: path)
    let resumed = try ResumedTraining(training.start(), engine: Engine(workers: 1))
    let (read, expected) = (try ModelReader.open(path: training.model), try resumed.trainer.model())
    #expect(read.architecture == model.architecture && read.architecture == expected.architecture)
    #expect(read.info.origin == .trained && read.info.iteration == 1 && read.info.colorOrder == .bgr)
    #expect(read.info.faceType == model.info.faceType ?? "midfull_face" && read.info.guesses.isEmpty)
    var hasChanged = false
    for spec in read.graph.tensors where !spec.isUnused {
      let tensor = try read.tensor(spec.name)
      #expect(try tensor.contents == expected.tensor(spec.name).contents, "\(spec.name)")
      if try tensor.contents != model.tensor(spec.name).asFloat32().contents { hasChanged = true }
    }
    #expect(hasChanged, "an iteration changes weights")
  }

  /// Written for DeepFaceLab and read back, a training goes on to the same bits as from its own state.
  @Test func throughDeepFaceLabAndBack() throws {
    try training.begin(3, [("eyes-mouth-prio", .boolean(true))])
    let state = try TrainingState(path: training.state)
    let other = try Training()
    try ModelWriter.write(
      state.model(), to: other.model, as: .deepFaceLab(modelName: "model"), training: state.deepFaceLabTraining(),
      replacing: false)
    let here = try training.run([("target-iter", .integer(5)), ("preview-every", .integer(0))])
    let there = try other.run([("target-iter", .integer(5)), ("preview-every", .integer(0))])
    #expect(here.losses == there.losses && here.losses.count == 2)
    let (a, b) = (try TrainingState(path: training.state), try TrainingState(path: other.state))
    #expect(a.tensors.names.sorted() == b.tensors.names.sorted())
    for name in a.tensors.names {
      let (x, y) = (try #require(a.tensors[name]), try #require(b.tensors[name]))
      #expect(x.contents == y.contents, "\(name)")
    }
    #expect(a.losses.source == b.losses.source && a.losses.source.count == 5)
  }

  @Test func aHistoryEndsWithItsIteration() {
    let history = LossHistory(source: [1, 2, 3, 4], destination: [5, 6, 7], upTo: 10)
    #expect(history.source == [2, 3, 4] && history.destination == [5, 6, 7])
    #expect(history.first == 7 && history.last == 10)
    // More losses than iterations, as a file may say.
    let short = LossHistory(source: [1, 2, 3], destination: [4, 5, 6], upTo: 2)
    #expect(short.source == [2, 3] && short.first == 0 && short.last == 2)
    // Of very many, the first ones go.
    var long = LossHistory(
      source: (0..<100).map(Float.init), destination: (0..<100).map(Float.init), upTo: 100, limit: 32)
    #expect(long.source == (68..<100).map(Float.init) && long.first == 68)
    for loss in 100..<140 { long.append(Float(loss), Float(loss)) }
    #expect(
      long.source == (long.first..<140).map(Float.init) && long.last == 140 && (30...32).contains(long.source.count))
    let none = LossHistory(source: [1], destination: [2], upTo: -5)
    #expect(none.source.isEmpty && none.first == 0 && none.last == 0)
  }
}
