// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Synchronization
import Testing

/// State files of liae-train, made of DeepFaceLab's own weights: the state has its layouts and, with dots, its names.
@Suite struct TrainingStateTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// `down1/downs_0/conv1/weight:0` as `down1.downs.0.conv1.weight`.
  private func dotted(_ name: String) -> String {
    name.dropLast(2).split(separator: "/").map { part in
      guard let bar = part.lastIndex(of: "_"), part[part.index(after: bar)...].allSatisfy(\.isNumber) else {
        return String(part)
      }
      return "\(part[..<bar]).\(part[part.index(after: bar)...])"
    }.joined(separator: ".")
  }

  /// The weights of a golden set, as DeepFaceLab wrote them.
  private func weights(_ network: GoldenNetwork) throws -> TensorDictionary {
    var tensors = TensorDictionary()
    for file in try File.list(network.folder) where file.hasPrefix("golden_SAEHD_") && file.hasSuffix(".npy") {
      let module = file.dropFirst("golden_SAEHD_".count).dropLast(".npy".count)
      let found = try DeepFaceLabFile.parseWeights(Bytes.read(path: network.path(file)), name: file)
      for name in found.names { tensors["\(module).\(dotted(name))"] = found[name] }
    }
    return tensors
  }

  private func settings(_ architecture: Architecture, _ change: [String: String] = [:]) -> String {
    var members = [
      "arch": "\"\(architecture.name)\"", "flavour": "\"dfl\"", "resolution": "\(architecture.resolution)",
      "e-dims": "\(architecture.eDims)", "ae-dims": "\(architecture.aeDims)", "d-dims": "\(architecture.dDims)",
      "d-mask-dims": "null", "face-type": "\"whole_face\"", "batch-size": "4", "random-warp": "true",
      "learning-rate": "5e-05",
    ]
    for (key, value) in change { members[key] = value }
    return "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
  }

  private func state(_ network: GoldenNetwork, _ change: [String: String] = [:]) throws -> TrainingState {
    var tensors = try weights(network)
    // What else a trainer keeps.
    tensors["first/encoder.down1.downs.0.conv1.bias"] = try floats([1, 2, 3, 4], [4])
    tensors["D_src.in_conv.bias"] = try floats([1], [1])
    return TrainingState(
      tensors: tensors, counters: [("iteration", 1234), ("optimizer", 0), ("optimizer_steps", 1234), ("seed", .max)],
      settings: settings(try network.model().architecture, change), losses: ([3, .nan, 1], [2, 2, .infinity]),
      attempt: 2,
      name: "a state")
  }

  @Test(arguments: GoldenNetwork.deepFaceLab) func opensAsDeepFaceLabsOwnFiles(_ network: GoldenNetwork) throws {
    let path = folder("me_liae-train.safetensors")
    try state(network).write(to: path)
    let expected = try network.model()
    for model in [
      try ModelReader.open(path: path), try ModelReader.open(path: folder.path),
      try ModelReader.open(memory: Bytes.read(path: path)),
    ] {
      expectSame(model, expected)
      #expect(model.info.origin == .trained && model.info.colorOrder == .bgr)
      #expect(model.info.iteration == 1234 && model.info.faceType == "whole_face")
      #expect(model.info.guesses.isEmpty)
      #expect(model.info.notes == ["training state is not used: 2 tensors of optimisers and adversaries"])
    }
  }

  @Test func theGivenLettersOverruleTheSettings() throws {
    let path = folder("me_liae-train.safetensors")
    try state(golden("liae-ud")).write(to: path)
    let options = OpenOptions(architecture: "liae-dc", colorOrder: .rgb)
    let model = try ModelReader.open(path: path, options: options)
    #expect(model.architecture.name == "liae-dc" && model.info.colorOrder == .rgb)
  }

  // MARK: - Folders

  @Test func aFolderOfSeveralModelsNamesThem() throws {
    try state(golden("liae-u")).write(to: folder("a_liae-train.safetensors"))
    try state(golden("liae-u")).write(to: folder("b_liae-train.safetensors"))
    expectError(.invalidArgument, folder.path, "a_liae-train.safetensors", "b_liae-train.safetensors", "open one") {
      _ = try ModelReader.open(path: folder.path)
    }
    #expect(try ModelReader.open(path: folder("b_liae-train.safetensors")).info.iteration == 1234)
  }

  @Test func aStateBesideADeepFaceLabModelIsNoChoice() throws {
    let network = try golden("liae-u")
    try state(network).write(to: folder("me_liae-train.safetensors"))
    for file in try File.list(network.folder) where file.hasPrefix("golden_SAEHD_") {
      try File.writeAtomically(folder(file), replacing: false, Bytes.read(path: network.path(file)))
    }
    expectError(.invalidArgument, "me_liae-train.safetensors", "golden_SAEHD_data.dat", "open one file") {
      _ = try ModelReader.open(path: folder.path)
    }
    #expect(try ModelReader.open(path: folder("me_liae-train.safetensors")).info.origin == .trained)
    #expect(try ModelReader.open(path: folder("golden_SAEHD_data.dat")).info.origin == .deepFaceLab)
  }

  @Test func aFolderOfNoModelSaysWhatIsExpected() throws {
    expectError(.unknownFormat, "_SAEHD_encoder.npy", "NAME_liae-train.safetensors") {
      _ = try ModelReader.open(path: folder.path)
    }
    // A folder of that name is no state.
    try File.makeFolder(folder("x_liae-train.safetensors"))
    expectError(.unknownFormat) { _ = try ModelReader.open(path: folder.path) }
  }

  /// A state that another process replaces by its name is that of one save, whole.
  @Test func readingWhileItIsReplaced() throws {
    let (first, second) = (try golden("liae-u"), try golden("liae-ud"))
    let path = folder("me_liae-train.safetensors")
    let states = [try state(first), try state(second)]
    try states[0].write(to: path)
    let models = [try first.model(), try second.model()]
    let isDone = Atomic<Bool>(false)
    let failures = Mutex<[String]>([])
    let writer = try WorkerThread {
      var turn = 1
      while !isDone.load(ordering: .relaxed) {
        do throws(LiaeError) { try states[turn % 2].write(to: path) } catch {
          failures.withLock { $0.append(error.message) }
        }
        turn += 1
      }
    }
    var seen: Set<String> = []
    for _ in 0..<40 {
      let model = try ModelReader.open(path: folder.path)
      let expected = try #require(models.first { $0.architecture == model.architecture })
      expectSame(model, expected)
      seen.insert(model.architecture.name)
    }
    isDone.store(true, ordering: .relaxed)
    writer.join()
    #expect(failures.withLock { $0 }.isEmpty)
    #expect(seen == ["liae-u", "liae-ud"])
  }

  // MARK: - The file

  @Test func readAndWrittenAgainItIsTheSameBytes() throws {
    try state(golden("df-ud")).write(to: folder("a"))
    let state = try TrainingState(path: folder("a"))
    #expect(state.iteration == 1234 && state.attempt == 2)
    #expect(state.counters.first { $0.name == "seed" }?.value == .max)
    #expect(isBitEqual(state.losses.source, [3, .nan, 1]) && isBitEqual(state.losses.destination, [2, 2, .infinity]))
    try state.write(to: folder("b"))
    #expect(try contents(folder("a")) == contents(folder("b")))
  }

  /// The file with other metadata, or without one of its tensors.
  private func damaged(_ metadata: [String: String?] = [:], without tensor: String? = nil) throws -> String {
    try state(golden("liae-u")).write(to: folder("whole"))
    let file = try SafetensorsFile.parse(Bytes.read(path: folder("whole")), name: "whole")
    var (tensors, entries) = (file.tensors, file.metadata)
    for (key, value) in metadata { entries[key] = value }
    if let tensor { tensors[tensor] = nil }
    try SafetensorsFile.write(tensors, metadata: entries, to: folder("damaged"), replacing: true)
    return folder("damaged")
  }

  @Test(arguments: [
    ("attempt", "-1"), ("attempt", "1000000001"), ("attempt", "9223372036854775807"), ("attempt", "1e3"),
    ("attempt", ""), ("trainer.iteration", "-1"), ("trainer.iteration", "1099511627777"),
    ("trainer.iteration", "18446744073709551615"), ("trainer.iteration", "18446744073709551616"),
    ("trainer.optimizer_steps", "9223372036854775807"), ("trainer.gan_steps", "x"),
    ("trainer.seed", "18446744073709551616"),
  ])
  func numbersThatNoTrainingComesTo(key: String, value: String) throws {
    let path = try damaged([key: value])
    expectError(.corruptFile, path, key) { _ = try TrainingState(path: path) }
    expectError(.corruptFile, path, key) { _ = try ModelReader.open(path: path) }
  }

  @Test func whatIsMissing() throws {
    for key in ["settings", "attempt"] {
      expectError(.corruptFile, "lack settings or attempt") { _ = try TrainingState(path: damaged([key: nil])) }
    }
    for name in ["losses.source", "losses.destination"] {
      expectError(.corruptFile, name) { _ = try TrainingState(path: damaged(without: name)) }
    }
    expectError(.unknownFormat, TrainingState.marker) {
      _ = try TrainingState(path: damaged([TrainingState.marker: nil]))
    }
    expectError(.unsupported, "format 2") { _ = try ModelReader.open(path: damaged([TrainingState.marker: "2"])) }
    expectError(.missingTensor, "inter_B.dense1.weight") {
      _ = try ModelReader.open(path: damaged(without: "inter_B.dense1.weight"))
    }
    expectError(.fileNotFound) { _ = try TrainingState(path: folder("nowhere")) }
  }

  @Test func everyCutIsRefused() throws {
    try state(golden("liae-u")).write(to: folder("whole"))
    let whole = try contents(folder("whole"))
    for percent in stride(from: 0, to: 100, by: 7) {
      let cut = try bytes(Array(whole.prefix(whole.count * percent / 100)))
      #expect(throws: LiaeError.self, "\(percent)%") { try ModelReader.open(memory: cut, name: "cut") }
    }
  }

  @Test(arguments: [
    (["arch": "\"liae-x\""], Status.unknownArchitecture, "liae-x"), (["arch": "7"], .corruptFile, "arch"),
    (["flavour": "\"other\""], .corruptFile, "flavour"), (["face-type": "\"mouth\""], .corruptFile, "face-type"),
    (["resolution": "96"], .shapeMismatch, "96"), (["e-dims": "-4"], .corruptFile, "e-dims"),
    (["e-dims": "99999999999999999999"], .corruptFile, "e-dims"), (["arch": "\"df-u\""], .shapeMismatch, "df-u"),
    (["arch": "\"liae-u\", \"arch\": \"liae\""], .corruptFile, "twice"), (["x": "[[1, {}"], .corruptFile, "settings"),
  ])
  func settingsThatLie(change: [String: String], status: Status, word: String) throws {
    let path = folder("lie")
    try state(golden("liae-u"), change).write(to: path)
    expectError(status, path, word) { _ = try ModelReader.open(path: path) }
  }

  @Test func whereMemoryEndsItSaysSo() throws {
    let path = folder("me_liae-train.safetensors")
    try state(golden("liae-u")).write(to: path)
    let opened = failingEveryAllocation { () throws(LiaeError) in _ = try ModelReader.open(path: path) }
    #expect(opened.failures > 0 && opened.surprises == [])
  }
}
