// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import LiaeText
import LiaeTrain
import LiaeTrainingSession
import Testing

/// Sessions that train XSeg: going on, to and from DeepFaceLab's files, models that are none.
@Suite struct SegmentationSessionTests {
  private let folder: TemporaryFolder
  private static let network: Training.Given = [
    ("resolution", .integer(64)), ("base-dims", .integer(2)), ("batch-size", .integer(2)), ("threads", .integer(1)),
    ("generator-threads", .integer(1)), ("preview-every", .integer(2)), ("preview-faces", .integer(2)),
  ]

  init() throws { folder = try TemporaryFolder() }

  private func place(_ name: String) throws -> ModelFolder {
    try ModelFolder(folder(name), name: SegmentationStart.usualName)
  }

  private func start(_ name: String, _ given: Training.Given = [], weights: String? = nil) throws -> SegmentationStart {
    try SegmentationStart(in: try place(name), weights: weights, config: nil, given: given)
  }

  /// One start of the program.
  @discardableResult
  private func run(_ name: String, _ given: Training.Given, weights: String? = nil) throws -> (
    outcome: SessionOutcome, losses: [Float]
  ) {
    let start = try start(name, given, weights: weights), place = try place(name)
    let (trainer, history, attempt) = try start.resumed(on: Engine(workers: max(1, start.settings.session.threads)))
    let source = FacesetSource(joining: [try FacesetSource(path: Training.aligned)])
    var losses: [Float] = []
    let session = TrainingSession(
      folder: place, settings: start.settings, task: SegmentationTask(trainer, start.settings, source),
      history: history, attempt: attempt, fallback: SaveFallback { _ in nil }
    ) { event in
      if case .iteration(_, let loss, let other, _) = event {
        #expect(other == nil)
        losses.append(loss)
      }
    }
    try session.prepare()
    let lock = try place.lock()
    defer { withExtendedLifetime(lock) {} }
    return (try session.run(changes: start.changes) { false }, losses)
  }

  private func bytes(_ name: String) throws -> [UInt8] { try contents(place(name).state) }

  /// Four iterations are two and two more, to the last bit of the state file, whatever the threads.
  @Test func goesOnBitForBit() throws {
    let whole = try run("a", Self.network + [("target-iter", .integer(4))])
    #expect(whole.outcome == .finished && whole.losses.count == 4 && whole.losses.allSatisfy { $0.isFinite && $0 > 0 })
    try run("b", Self.network + [("target-iter", .integer(2))])
    try run("b", [("target-iter", .integer(4)), ("threads", .integer(2)), ("generator-threads", .integer(3))])
    #expect(try bytes("a") == bytes("b"))
    for file in ["samples.png", "losses.png"] { #expect(File.kind(folder("a/XSeg_\(file)")) == .file) }
    #expect(try TrainingLog.table(place("a").log).hasPrefix("iter,loss,ms\n1,"))
    // Activations that are made again are the same.
    try run("d", Self.network + [("target-iter", .integer(4)), ("memory", .string("memory"))])
    #expect(try bytes("d") == bytes("a"))
    // Another share of changed samples is another training.
    let plain = try run("c", Self.network + [("target-iter", .integer(4)), ("augmentation", .number(0))])
    #expect(plain.losses != whole.losses)
  }

  /// The state, as every program opens it, and what is exported of it is the network that was trained.
  @Test func theStateIsAModel() throws {
    try run("a", Self.network + [("target-iter", .integer(2))])
    let model = try ModelReader.open(path: folder("a"))
    #expect(model.architecture == .xseg(resolution: 64, baseDims: 2))
    #expect(model.info.iteration == 2 && model.info.faceType == "whole_face")
    let trainer = try start("a").resumed(on: Engine(workers: 1)).trainer
    let own = try trainer.model()
    for spec in own.graph.tensors {
      let (a, b) = (try own.tensor(spec.name), try model.tensor(spec.name))
      #expect(a.shape == b.shape && a.raw.elementsEqual(b.raw), "\(spec.name)")
    }
    // The norms begin with scale 1, epsilon 1e-6 and no threshold.
    let fresh = try start("new", Self.network).resumed(on: Engine(workers: 1)).trainer
    let first = try #require(fresh.network.parameter("xseg.conv01.frn.weight"))
    #expect(first.value[0] == 1 && fresh.network.parameter("xseg.conv01.frn.eps")?.value[0] == 1e-6)
    #expect(fresh.network.parameter("xseg.conv01.tlu.tau")?.value[0] == 0)
  }

  /// What is exported has DeepFaceLab's names, and training goes on from it as from the state.
  @Test func exportsWhatItGoesOnFrom() throws {
    let given: Training.Given = [
      ("resolution", .integer(256)), ("base-dims", .integer(1)), ("batch-size", .integer(1)), ("threads", .integer(2)),
      ("generator-threads", .integer(1)), ("preview-every", .integer(0)), ("target-iter", .integer(2)),
    ]
    try run("a", given)
    let state = try TrainingState(path: place("a").state)
    try ModelWriter.write(
      state.trainedModel(), to: folder("dfl"), as: .deepFaceLab(modelName: "me"),
      training: state.deepFaceLabTraining(), replacing: false)
    let training = try DeepFaceLabTraining(segmentationIn: folder("dfl"))
    let moments = try #require(training.files["256_opt.npy"])
    #expect(moments.count == 223 && moments["acc_XSeg/conv01/conv/weight_0:0"]?.shape == [3, 3, 3, 1])
    #expect(training.losses.count == 2 && training.losses.allSatisfy { $0.destination == nil })
    #expect(training.iteration == 2)

    let start = try start("dfl")
    #expect(start.settings.baseDims == 1 && start.settings.batchSize == 1 && start.remarks.isEmpty)
    let resumed = try start.resumed(on: Engine(workers: 1)), whole = try self.start("a").resumed(on: Engine(workers: 1))
    #expect(resumed.trainer.iteration == 2 && resumed.trainer.optimizer.steps == 2)
    #expect(resumed.history == whole.history)
    let (own, expected) = (resumed.trainer.stateTensors, whole.trainer.stateTensors)
    #expect(own.map(\.name) == expected.map(\.name))
    for (own, expected) in zip(own, expected) {
      // Views may own the copies that they show.
      let views = (own: try own.view(), expected: try expected.view())
      #expect(views.own.raw.elementsEqual(views.expected.raw), "\(own.name)")
      withExtendedLifetime(views) {}
    }
  }

  /// A folder of DeepFaceLab's is trained on from where it was.
  @Test func goesOnFromDeepFaceLab() throws {
    let golden = GoldenNetwork.repository("xseg-b4").folder
    let start = try SegmentationStart(
      in: try ModelFolder(golden, name: SegmentationStart.usualName), weights: nil, config: nil, given: [])
    let resumed = try start.resumed(on: Engine(workers: 1))
    #expect(start.settings.baseDims == 4 && start.settings.faceType == .whole && resumed.trainer.iteration == 1234)
  }

  /// Pretraining needs no labels; its end keeps the weights and begins to count anew.
  @Test func pretrainingEnds() throws {
    let pretrained = try run("a", Self.network + [("target-iter", .integer(3)), ("pretrain", .boolean(true))])
    #expect(pretrained.outcome == .finished && pretrained.losses.count == 3)
    let before = try start("a").resumed(on: Engine(workers: 1)).trainer
    let after = try start("a", [("pretrain", .boolean(false))]).resumed(on: Engine(workers: 1)).trainer
    #expect(before.iteration == 3 && after.iteration == 0)
    func weights(_ trainer: SegmentationTrainer) -> [Float] {
      trainer.network.parameters.flatMap { parameter in (0..<parameter.count).map { parameter.value[$0] } }
    }
    #expect(weights(before) == weights(after))
  }

  @Test func whatIsNoXSegIsRefused() throws {
    try run("a", Self.network + [("target-iter", .integer(1))])
    expectError(.invalidArgument, "--base-dims is 3") { _ = try start("a", [("base-dims", .integer(3))]) }
    expectError(.invalidArgument, "weights are for a new model") { _ = try start("a", weights: folder("a")) }
    expectError(.invalidArgument, "resolution 96") { _ = try start("b", [("resolution", .integer(96))]) }
    expectError(.invalidArgument, "gan-power") { _ = try start("b", [("gan-power", .integer(1))]) }
    let swapping = GoldenNetwork.repository("liae-ud").folder
    expectError(.unsupported, "which swaps faces") { _ = try start("b", weights: swapping) }
    // Each command names the other one.
    expectError(.unsupported, "liae-train xseg goes on with it") { _ = try ModelOrigin(of: place("a"), weights: nil) }
    let other = try Training()
    try other.begin(1)
    expectError(.unsupported, "liae-train train goes on with it") {
      _ = try SegmentationStart(
        in: try ModelFolder(other.model, name: "model"), weights: nil, config: nil, given: [])
    }
  }
}
