// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import LiaeText
import LiaeTrainingSession
import Testing

/// Runs of a session: going on, stopping, rolling back.
@Suite struct SessionTests {
  private let phases: Training.Given = [
    ("random-warp-until", .integer(7)), ("lr-dropout-from", .integer(3)), ("gan-from", .integer(4)),
    ("gan-power", .number(0.1)), ("gan-dims", .integer(4)), ("gan-patch-size", .integer(8)), ("seed", .integer(5)),
    ("learning-rate-from", .string("2:1e-4,8:1e-5")), ("eyes-mouth-prio-from", .integer(6)),
  ]

  /// Ten iterations are five and five more, to the last bit of the state file, whatever the threads.
  @Test(arguments: ["adabelief", "adam"]) func tenAreFiveAndFive(optimizer: String) throws {
    let options = phases + [("optimizer", .string(optimizer))]
    let (whole, parts) = (try Training(), try Training())
    let through = try whole.begin(10, options)
    let first = try parts.begin(5, options)
    let between = try parts.bytes()
    let second = try parts.run([
      ("target-iter", .integer(10)), ("threads", .integer(2)), ("generator-threads", .integer(3)),
      ("preview-every", .integer(0)),
    ])
    #expect(through.outcome == .finished && first.iteration == 5 && second.iteration == 10)
    #expect(first.losses + second.losses == through.losses)
    #expect(through.losses.count == 10 && through.losses.allSatisfy { $0.allSatisfy { $0.isFinite && $0 > 0 } })
    #expect(try parts.bytes() == whole.bytes() && parts.bytes() != between)
  }

  @Test func aStopIsAfterAWholeIterationAndSaved() throws {
    let training = try Training()
    let run = try training.run(Training.network, isStopRequested: { $0 >= 3 })
    #expect(run.outcome == .stopped && run.iteration == 3)
    #expect(try TrainingState(path: training.state).iteration == 3)
    // The same command goes on from there.
    let more = try training.run([("target-iter", .integer(4))])
    #expect(more.outcome == .finished && more.losses.count == 1)
    // At its target there is nothing to do, and nothing changes.
    let before = try training.bytes()
    #expect(try training.run([]).losses.isEmpty)
    #expect(try training.bytes() == before)
  }

  @Test func theLogHasEveryIterationOnce() throws {
    let training = try Training()
    try training.begin(3)
    try training.run([("target-iter", .integer(5)), ("learning-rate", .number(1e-4))])
    let log = try training.log()
    #expect(log.filter { $0["event"] == nil }.compactMap { $0["iter"]?.whole } == [1, 2, 3, 4, 5])
    #expect(log.compactMap { $0["event"]?.text } == ["start", "stop", "start", "stop"])
    #expect(
      log.compactMap { $0["changes"]?.elements?.compactMap(\.text) }
        == [["learning-rate (5e-05 -> 0.0001)", "target-iter (3 -> 5)"]])
  }

  /// Other options are in force from their iteration on, and said in the log.
  @Test func phasesAreLogged() throws {
    let training = try Training()
    try training.begin(9, phases)
    let log = try training.log()
    #expect(log.filter { $0["event"]?.text == "phase" }.compactMap { $0["iter"]?.whole } == [2, 3, 4, 6, 7, 8])
  }

  // MARK: - Divergence

  /// A number that is not finite, as damage of memory leaves it, is found before anything is trained.
  @Test(arguments: ["", "first/", "second/"]) func aStateThatIsNotFiniteIsRefused(_ prefix: String) throws {
    let training = try Training()
    try training.begin(2)
    var state = try TrainingState(path: training.state)
    let name = "\(prefix)decoder.out_conv.bias"
    state.tensors[name] = try TensorView.of([0, -.infinity, .nan], as: .float32, shape: [3])
    try state.write(to: training.state)
    let before = try training.bytes()
    expectError(.corruptFile, "decoder.out_conv.bias: element 1 is -inf") {
      _ = try training.run([("target-iter", .integer(9))])
    }
    #expect(try training.bytes() == before)
  }

  /// Weights so large that sums of them overflow.
  @Test func aModelThatDivergesIsRolledBackThriceAndGivenUp() throws {
    let training = try Training()
    try training.begin(2)
    var state = try TrainingState(path: training.state)
    let name = "encoder.down1.downs.0.conv1.weight", weight = try #require(state.tensors[name])
    state.tensors[name] = try TensorView.of(
      [Float](repeating: 3e38, count: weight.count), as: .float32, shape: weight.shape)
    try state.write(to: training.state)
    let before = try training.bytes()
    let run = try training.run([("target-iter", .integer(9)), ("spike-factor", .integer(0))])
    guard case .diverged(let iteration, let reason, let rollbacks) = run.outcome else {
      Issue.record("\(run.outcome)")
      return
    }
    #expect(iteration == 2 && rollbacks == 3 && reason.contains("is no number"))
    let back = run.events.compactMap { event -> [Int]? in
      if case .rolledBack(let from, let to, _) = event { [from, to] } else { nil }
    }
    #expect(back == [[2, 2], [2, 2], [2, 2]] && run.losses.isEmpty)
    let after = try TrainingState(path: training.state)
    #expect(after.attempt == 0 && after.iteration == 2)
    // All but the settings, of which the target is another, is as it was.
    #expect(try training.bytes().suffix(after.tensors.count * 4) == before.suffix(after.tensors.count * 4))
    #expect(try training.log().filter { $0["event"]?.text == "rollback" }.count == 3)
  }

  /// Losses far above the usual: back to the save, with other faces, and the attempt is counted in the next save.
  @Test func spikesRollBackToTheSave() throws {
    let training = try Training()
    try training.begin(4)
    let run = try training.run([
      ("target-iter", .integer(100)), ("learning-rate", .integer(1)), ("optimizer", .string("rmsprop")),
      ("spike-factor", .number(1.001)),
    ])
    guard case .diverged(_, let reason, 3) = run.outcome else {
      Issue.record("\(run.outcome)")
      return
    }
    #expect(reason.contains("3 times in a row"))
    for case .rolledBack(let from, let to, let why) in run.events {
      // The guard needs 50 iterations to know what is usual, and three to be sure.
      #expect(from >= 4 + LossGuard.warmUp + LossGuard.patience && to == 4 && why.contains("usual"))
    }
    #expect(try TrainingState(path: training.state).iteration == 4)
    let iterations = try training.log().filter { $0["event"] == nil }.compactMap { $0["iter"]?.whole }
    #expect(iterations == Array(1...(iterations.last ?? 0)))

    // From the save it goes on with the attempt that a rollback would have given it: other samples.
    var state = try TrainingState(path: training.state)
    state.settings = state.settings.replacing("rmsprop", with: "adabelief").replacing(
      "\"learning-rate\": 1.0", with: "\"learning-rate\": 5e-05")
    try state.write(to: training.state)
    let usual = try training.run([("target-iter", .integer(5))])
    state.attempt = 1
    try state.write(to: training.state)
    let other = try training.run([("target-iter", .integer(5))])
    #expect(usual.losses != other.losses && usual.losses.count == 1)
    #expect(try TrainingState(path: training.state).attempt == 1)
  }

  // MARK: - Beginnings

  @Test func facesThatShowTooLittleMakeNoModel() throws {
    let training = try Training()
    expectError(.invalidArgument, "no face can be used", "half_face") {
      // A faceset of one half face.
      try File.makeFolder(training.folder("half"))
      try File.writeAtomically(
        training.folder("half/a.jpg"), replacing: false, Bytes.read(path: "\(Training.aligned)/00007_0.jpg"))
      try training.run(Training.network + [("face-type", .string("wf"))], source: training.folder("half"))
    }
    #expect(File.kind(training.state) == nil)
    // So the command can be given again with the right faces.
    #expect(try training.begin(1).iteration == 1)
  }

  @Test func skippedFacesAreReportedOnce() throws {
    let training = try Training()
    let run = try training.begin(3)
    let skipped = run.events.compactMap { event -> [String]? in
      if case .skippedFaces(_, let faces) = event { faces.map(\.name) } else { nil }
    }
    // The golden faces that show less than a full face; source and destination are two facesets of one path.
    #expect(skipped == [["00005_0.jpg", "00007_0.jpg"]])
  }

  @Test func picturesOfProgress() throws {
    let training = try Training()
    try training.begin(
      4, [("preview-every", .integer(2)), ("preview-faces", .integer(1)), ("write-preview-history", .boolean(true))])
    #expect(try File.list(training.folder("model/model_history")) == ["000000002.png", "000000004.png"])
    for name in ["model_samples.png", "model_losses.png"] {
      #expect(FormatSniffer.sniff(try Bytes.read(path: training.folder("model/\(name)"))) == .png)
    }
  }

  /// A picture or a log that cannot be written is said, and training goes on.
  @Test func aPictureThatCannotBeWrittenIsNoReasonToStop() throws {
    let training = try Training()
    try File.makeFolder(training.folder("model/model_losses.png/x"))
    let run = try training.begin(4, [("preview-every", .integer(2)), ("preview-faces", .integer(1))])
    #expect(run.outcome == .finished)
    let failures = run.events.filter { if case .progressFileFailed = $0 { true } else { false } }
    // At 2, at 4, and at the end.
    #expect(failures.count == 3)
  }

  /// A model's files that cannot be written: training goes on, and says so.
  @Test func aLogAndBackupsThatCannotBeWritten() throws {
    let training = try Training()
    try File.makeFolder(training.folder("model/model_log.jsonl"))
    try File.writeAtomically(training.folder("model/backups"), replacing: false, text: "")
    let run = try training.begin(6, [("backup-every", .integer(2))])
    #expect(run.outcome == .finished && run.iteration == 6)
    let failures = run.events.compactMap { event -> String? in
      switch event {
      case .progressFileFailed: return "log"
      case .backupFailed: return "backup"
      case .iteration, .skippedFaces: return nil
      default: return "\(event)"
      }
    }
    #expect(failures.sorted() == ["backup", "backup", "backup", "log"])
  }

  // MARK: - Stops

  /// A stop is asked for in the middle of an iteration: the model is the one of the iteration before.
  @Test func aStopWithinAnIterationGivesItUp() throws {
    let (stopped, whole) = (try Training(), try Training())
    var questions = 0
    try stopped.run(
      Training.network,
      isStopRequested: { steps in
        questions += steps == 3 ? 1 : 0
        return questions > 20
      })
    // An iteration asks at each of its operations, hundreds of them.
    #expect((21..<30).contains(questions), "the step was given up, not finished")
    try whole.run(Training.network, isStopRequested: { $0 == 3 })
    #expect(try stopped.bytes() == whole.bytes())
    // Both go on alike.
    for training in [stopped, whole] { try training.run([("target-iter", .integer(5))]) }
    #expect(try stopped.bytes() == whole.bytes())
  }

  // MARK: - Limits

  @Test func countersStayWithinWhatIsRead() throws {
    let training = try Training()
    try training.begin(1)
    var state = try TrainingState(path: training.state)
    let limit = UInt64(TrainingState.counterLimit)
    state.counters = state.counters.map {
      $0.name == "iteration" ? ($0.name, limit - 2) : $0.name == "optimizer_steps" ? ($0.name, limit) : $0
    }
    state.attempt = TrainingState.attemptLimit
    try state.write(to: training.state)
    let run = try training.run([("target-iter", .integer(0))])
    #expect(run.outcome == .finished && run.iteration == TrainingState.counterLimit && run.losses.count == 2)
    let last = try TrainingState(path: training.state)
    #expect(last.counters.first { $0.name == "optimizer_steps" }?.value == limit && last.losses.source.count == 3)
  }

  @Test func backupsAreStatesOfTheirIteration() throws {
    let training = try Training()
    try training.begin(14, [("backup-every", .integer(2)), ("backups", .integer(3))])
    let names = try File.list(training.folder("model/backups"))
    #expect(names == ["model_000000010.safetensors", "model_000000012.safetensors", "model_000000014.safetensors"])
    for (name, iteration) in zip(names, [10, 12, 14]) {
      #expect(try TrainingState(path: training.folder("model/backups/\(name)")).iteration == iteration)
    }
  }
}
