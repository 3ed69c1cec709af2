// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFrame
import LiaeGraph
import LiaeSystem
import LiaeTestSupport
import LiaeText
import LiaeTrain
import LiaeTrainingSession
import Testing

/// Tests where a training begins, and what its settings are then.
@Suite struct ModelStartTests {
  let training: Training

  init() throws { training = try Training() }

  @Test func aNewModelHasAllItsDims() throws {
    let start = try training.start([("resolution", .integer(64)), ("d-dims", .integer(48))])
    guard case .new = start.origin else {
      Issue.record("\(start.origin.description)")
      return
    }
    #expect(start.settings.dMaskDims == 16 && start.settings.archi == "liae-ud" && start.changes.isEmpty)
    expectError(.invalidArgument, "--arch is", "liae or df") { _ = try training.start([("arch", .string("x"))]) }
  }

  @Test func aStateKeepsItsSettingsUntilOthersAreGiven() throws {
    try training.begin(1)
    let same = try training.start()
    #expect(same.changes.isEmpty && same.settings.batchSize == 2 && same.settings.eDims == 2)
    let other = try training.start([("batch-size", .integer(3)), ("preview-every", .integer(7))])
    #expect(other.changes == ["batch-size (2 -> 3)"] && other.settings.session.previewEvery == 7)
    // What the model is may be said again, and not otherwise.
    #expect(try training.start(Training.network).changes.isEmpty)
    for (key, value, present) in [
      ("resolution", JSON.integer(128), "64"), ("arch", .string("liae-udt"), "liae-ud"), ("d-dims", .integer(4), "2"),
      ("face-type", .string("wf"), "full_face"), ("flavour", .string("torch"), "dfl"),
    ] {
      expectError(.invalidArgument, "--\(key) is", present, training.model) { _ = try training.start([(key, value)]) }
    }
    expectError(.invalidArgument, "--init is x", training.state) { _ = try training.start(weights: "x") }
  }

  @Test func aSettingsFileIsOverruledByWhatIsGiven() throws {
    let config = training.folder("config.json")
    try File.writeAtomically(
      config, replacing: false, text: "{\"archi\": \"liae-ud\", \"resolution\": 64, \"batch_size\": 7, \"seed\": 5}")
    let folder = try ModelFolder(training.model, name: nil)
    let start = try ModelStart(.new, in: folder, config: config, given: [("seed", .integer(6))])
    #expect(start.settings.batchSize == 7 && start.settings.seed == 6 && start.settings.resolution == 64)
    expectError(.fileNotFound, "nowhere") { _ = try ModelStart(.new, in: folder, config: "nowhere", given: []) }
    try File.writeAtomically(config, replacing: true, text: "{\"gan-power\": 9}")
    expectError(.invalidArgument, config, "gan-power is 9; expected 0 to 5") {
      _ = try ModelStart(.new, in: folder, config: config, given: [])
    }
  }

  /// Weights of another file: iteration 0, and what the file does not say is open.
  @Test func weightsOfAnotherFile() throws {
    let network = GoldenNetwork.repository("liae-ud")
    let start = try training.start(weights: network.folder)
    #expect(
      start.settings.eDims == 4 && start.settings.faceType == .whole && start.origin.description == "other weights")
    let resumed = try ResumedTraining(start, engine: Engine(workers: 1))
    #expect(resumed.trainer.iteration == 0 && resumed.history.last == 0)
    let (a, b) = (try network.model(), try resumed.trainer.model())
    for spec in a.graph.tensors where !spec.isUnused {
      #expect(try a.tensor(spec.name).contents == b.tensor(spec.name).contents, "\(spec.name)")
    }
    // Shapes alone do not tell the activations; that is said.
    let torch = GoldenNetwork.repository("torch-udt")
    let guessed = try training.start([("face-type", .string("h"))], weights: torch.path("state_dict.pt"))
    #expect(guessed.settings.faceType == .half && guessed.remarks.isEmpty)
    let assumed = try training.start(weights: torch.path("state_dict.pt"))
    #expect(assumed.settings.faceType == .full && assumed.remarks.count == 1)
    #expect(assumed.remarks[0].contains("state_dict.pt") && assumed.remarks[0].contains("full_face is assumed"))
    #expect(guessed.origin.guesses.count == 2)
    #expect(guessed.origin.guesses.allSatisfy { $0.hasPrefix(torch.path("state_dict.pt")) })
  }

  @Test func theEndOfPretraining() throws {
    try training.begin(2, [("pretrain", .boolean(true))])
    let start = try training.start([("pretrain", .boolean(false))])
    let resumed = try ResumedTraining(start, engine: Engine(workers: 1))
    #expect(resumed.trainer.iteration == 0 && resumed.history.last == 0 && resumed.history.source.isEmpty)
    let same = try ResumedTraining(training.start(), engine: Engine(workers: 1))
    #expect(same.trainer.iteration == 2 && same.history.source.count == 2)
  }

  // MARK: - Damage

  private func damage(_ change: (inout TrainingState) throws -> Void) throws {
    var state = try TrainingState(path: training.state)
    try change(&state)
    try state.write(to: training.state)
  }

  @Test func aStateWhoseNumbersContradictEachOther() throws {
    try training.begin(1, [("gan-power", .number(0.1)), ("gan-dims", .integer(4)), ("gan-patch-size", .integer(8))])
    let whole = try training.bytes()
    let changes: [(inout TrainingState) -> Void] = [
      { $0.counters = $0.counters.map { $0.name == "optimizer" ? ($0.name, 99) : $0 } },
      { $0.counters = $0.counters.map { $0.name == "optimizer" ? ($0.name, .max) : $0 } },
      { $0.counters = $0.counters.map { $0.name == "gan_patch_size" ? ($0.name, .max) : $0 } },
      { $0.counters = $0.counters.map { $0.name == "gan_patch_size" ? ($0.name, 4000) : $0 } },
      { $0.counters = $0.counters.map { $0.name == "gan_dims" ? ($0.name, 0) : $0 } },
      { $0.counters.removeAll { $0.name == "seed" } }, { $0.counters.removeAll { $0.name == "iteration" } },
    ]
    for change in changes {
      try File.writeAtomically(training.state, replacing: true, whole.withUnsafeBytes { try Bytes.copy($0) })
      try damage(change)
      expectError(.corruptFile, training.state) {
        _ = try ResumedTraining(training.start(), engine: Engine(workers: 1))
      }
    }
  }

  @Test func aStateWhoseTensorsDoNotFit() throws {
    try training.begin(1)
    let whole = try training.bytes()
    for (name, tensor, status) in [
      ("encoder.down1.downs.0.conv1.bias", Optional<[Float]>.none, Status.missingTensor),
      ("encoder.down1.downs.0.conv1.bias", [1, 2, 3], .shapeMismatch),
      ("first/encoder.down1.downs.0.conv1.bias", [1], .shapeMismatch),
    ] {
      try File.writeAtomically(training.state, replacing: true, whole.withUnsafeBytes { try Bytes.copy($0) })
      try damage { state in
        state.tensors[name] = try tensor.map { try .of($0, as: .float32, shape: [$0.count]) }
      }
      expectError(status, training.state) { _ = try ResumedTraining(training.start(), engine: Engine(workers: 1)) }
    }
  }

  @Test(arguments: [
    ("{", "settings"), ("[1]", "no object"), ("{\"x\": 1}", "there is no such setting"),
    ("{\"seed\": -1}", "seed is -1"), ("{\"resolution\": 1000000000000}", "resolution is"),
  ])
  func settingsThatAreNotPossible(text: String, word: String) throws {
    try training.begin(1)
    try damage { $0.settings = text }
    expectError(.corruptFile, training.state, word) { _ = try training.start() }
  }

  @Test func aDamagedStateIsLeftAlone() throws {
    try training.begin(1)
    let cut = Array(try training.bytes().dropLast(10))
    try File.writeAtomically(training.state, replacing: true, cut.withUnsafeBytes { try Bytes.copy($0) })
    expectError(.corruptFile, training.state) { _ = try training.run([("target-iter", .integer(9))]) }
    #expect(try training.bytes() == cut)
  }
}
