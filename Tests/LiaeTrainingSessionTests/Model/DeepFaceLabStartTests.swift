// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeConvert
import LiaeFormats
import LiaeFrame
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import LiaeText
import LiaeTrain
import LiaeTrainingSession
import Testing

/// Trainings that begin in a folder of DeepFaceLab's: what its files say, leave out, or cannot mean.
@Suite struct DeepFaceLabStartTests {
  private let training: Training
  private let source = GoldenSet.repository.path("training/saved_model")
  private var data: String { training.folder("model/golden_SAEHD_data.dat") }

  init() throws {
    training = try Training()
    try File.makeFolder(training.model)
    for file in try File.list(source) {
      try File.writeAtomically(
        training.folder("model/\(file)"), replacing: false, Bytes.read(path: "\(source)/\(file)"))
    }
  }

  /// Writes data.dat anew: with other values, or without those that are nil.
  private func change(_ options: [String: PickleValue?] = [:], _ others: [String: PickleValue?] = [:]) throws {
    let whole = try DeepFaceLabFile.parseData(Bytes.read(path: "\(source)/golden_SAEHD_data.dat"), name: "data")
    func changed(_ pairs: [(key: PickleValue, value: PickleValue)], _ changes: [String: PickleValue?])
      -> [(key: PickleValue, value: PickleValue)]
    {
      pairs.compactMap { pair in
        guard let change = changes[pair.key.stringValue ?? ""] else { return pair }
        return change.map { (pair.key, $0) }
      }
    }
    let inner = changed(try #require(whole["options"]?.pairs), options)
    var all = others
    all["options"] = .dictionary(inner)
    try DeepFaceLabFile.writeData(
      .dictionary(changed(try #require(whole.pairs), all)), to: data, replacing: true)
  }

  /// Training goes on with the options, iteration, losses and moments of DeepFaceLab's.
  @Test func goesOnWhereItWasLeft() throws {
    let start = try training.start()
    #expect(start.origin.description == "DeepFaceLab's files" && start.changes.isEmpty && start.remarks.isEmpty)
    let resumed = try ResumedTraining(start, engine: Engine(workers: 1))
    #expect(resumed.trainer.iteration == 55 && resumed.history.last == 55 && resumed.attempt == 0)
    #expect(resumed.remarks.isEmpty)
    let expected = try DeepFaceLabTraining(folder: source, name: "golden")
    #expect(resumed.history.source == expected.losses.map(\.source) && !resumed.history.source.isEmpty)
    #expect(try resumed.trainer.optimizer.steps == expected.steps(of: "src_dst_opt.npy"))
    #expect(resumed.trainer.optimizer.steps > 0)
  }

  // MARK: - Face type

  @Test func withoutDataTheFaceTypeIsForTheUserToSay() throws {
    try File.remove(data)
    let assumed = try training.start()
    #expect(assumed.settings.faceType == .full && assumed.remarks.count == 2)
    #expect(assumed.remarks.allSatisfy { $0.hasPrefix(data) && $0.contains("is missing") })
    #expect(assumed.remarks[1].contains("full_face is assumed. --face-type says otherwise"))
    let said = try training.start([("face-type", .string("wf"))])
    #expect(said.settings.faceType == .whole && said.remarks == [assumed.remarks[0]])
    // A settings file says it as well.
    let config = training.folder("config.json")
    try File.writeAtomically(config, replacing: false, text: "{\"face_type\": \"head\"}")
    let folder = try ModelFolder(training.model, name: nil)
    let read = try ModelStart(ModelOrigin(of: folder, weights: nil), in: folder, config: config, given: [])
    #expect(read.settings.faceType == .head && read.remarks == [assumed.remarks[0]])
  }

  @Test func lettersThatWeightsDoNotTellAreForTheUserToSay() throws {
    try File.remove(data)
    let folder = try ModelFolder(training.model, name: nil)
    let guessed = try ModelOrigin(of: folder, weights: nil)
    #expect(!guessed.guesses.isEmpty)
    let given = [("arch", JSON.string("liae-udc")), ("face-type", .string("f"))]
    let said = try ModelOrigin(of: folder, weights: nil, architecture: "liae-udc")
    #expect(try ModelStart(said, in: folder, config: nil, given: given).settings.archi == "liae-udc")
    // What the data file says is not.
    try change()
    let told = try ModelOrigin(of: folder, weights: nil, architecture: "liae-udc")
    expectError(.invalidArgument, "--arch is") { _ = try ModelStart(told, in: folder, config: nil, given: given) }
  }

  @Test(arguments: [PickleValue.string("xyz"), .int(3), .float(.nan), .list([]), .none])
  func aFaceTypeThatIsNone(value: PickleValue) throws {
    try change(["face_type": value])
    let start = try training.start()
    #expect(start.settings.faceType == .full && start.remarks.count == 1)
    #expect(start.remarks[0].hasPrefix(data) && start.remarks[0].contains("full_face is assumed"))
    #expect(try training.start([("face-type", .string("mf"))]).settings.faceType == .midFull)
  }

  // MARK: - Numbers

  @Test(arguments: [PickleValue.int(-1), .int(.max), .int((1 << 40) + 1), .float(0.5), .float(1e308), .string("55")])
  func anIterationThatNoTrainingComesTo(value: PickleValue) throws {
    try change([:], ["iter": value])
    expectError(.corruptFile, "\(data): iter is", "0 to 1099511627776") { _ = try training.start() }
  }

  @Test(arguments: [PickleValue.int(7), .list([.int(1)]), .list([.float(1), .string("x")]), .none])
  func aLossThatIsNone(entry: PickleValue) throws {
    try change([:], ["loss_history": .list([.list([.float(1), .float(1)]), entry])])
    expectError(.corruptFile, data, "loss_history") { _ = try training.start() }
  }

  @Test func lossesMayBeAnyNumbers() throws {
    let values = [Double.nan, .infinity, -.infinity, 1e308, -1e308, 0, 5e-324]
    try change([:], ["loss_history": .list(values.map { .list([.float($0), .float(1)]) })])
    let history = try ResumedTraining(training.start(), engine: Engine(workers: 1)).history
    #expect(history.source.count == 7 && history.last == 55)
    #expect(try LossPlot(title: "", history: history).picture().width == 1200)
  }

  /// An option that is not possible here is said, and the default is in its place.
  @Test(arguments: [
    ("batch_size", PickleValue.int(0), "batch-size is 0; expected 1 to 1024; 4 is taken"),
    ("batch_size", .int(1_000_000_000), "batch-size is 1000000000"),
    ("batch_size", .float(1e308), "batch-size is 1e+308"),
    ("gan_power", .float(.nan), "gan-power is nan"), ("gan_power", .float(-1), "gan-power is -1"),
    ("autobackup_hour", .int(-3), "autobackup-hour is -3; expected 0 to 24; 0 is taken"),
    ("target_iter", .int(.max), "target-iter is"), ("ct_mode", .string("rgb"), "ct-mode is \"rgb\""),
    ("clipgrad", .string("y"), "clipgrad is \"y\"; expected true or false; false is taken"),
    ("gan_patch_size", .int(-1), "gan-patch-size is -1"),
  ])
  func anOptionThatIsNotPossible(key: String, value: PickleValue, message: String) throws {
    try change([key: value])
    let start = try training.start()
    #expect(start.remarks.count == 1 && start.remarks[0].hasPrefix("\(data): option "))
    #expect(start.remarks[0].contains(message), "\(start.remarks[0])")
  }

  @Test(arguments: [Int64(-1), 1 << 41, .max]) func stepsThatNoTrainingComesTo(steps: Int64) throws {
    let path = training.folder("model/golden_SAEHD_src_dst_opt.npy")
    var moments = try DeepFaceLabFile.parseWeights(Bytes.read(path: path), name: path)
    let bytes = try Bytes.allocate(8)
    bytes.base.storeBytes(of: steps, as: Int64.self)
    moments["iters:0"] = try TensorView(dtype: .int64, shape: [], storage: bytes)
    try DeepFaceLabFile.writeWeights(moments, to: path, replacing: true)
    expectError(.corruptFile, "\(path): iters:0 is", "0 to 1099511627776") {
      _ = try ResumedTraining(training.start(), engine: Engine(workers: 1))
    }
  }

  // MARK: - Both programs in one folder

  private func date(_ path: String, _ seconds: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: path)
  }

  @Test func aStateThatDeepFaceLabHasLeftBehindIsSaid() throws {
    let state = training.folder("model/golden_liae-train.safetensors")
    try training.run([
      ("target-iter", .integer(56)), ("batch-size", .integer(1)), ("threads", .integer(1)),
      ("preview-every", .integer(0)),
    ])
    for file in try File.list(training.model) { try date(training.folder("model/\(file)"), 1000) }
    #expect(try training.start().remarks.isEmpty)
    // DeepFaceLab trains on.
    try change([:], ["iter": .int(90)])
    let remarks = try training.start().remarks
    #expect(remarks.count == 1 && remarks[0].contains("iteration 90") && remarks[0].contains("iteration 56"))
    #expect(remarks[0].contains(state) && remarks[0].contains("move that one away"))
    // Its files are older, or are the state itself as it was exported.
    try date(data, 900)
    #expect(try training.start().remarks.isEmpty)
    try change([:], ["iter": .int(56)])
    #expect(try training.start().remarks.isEmpty)
    // A data file that cannot be read says nothing of its iteration.
    try File.writeAtomically(data, replacing: true, text: "")
    #expect(try training.start().remarks.first?.contains("DeepFaceLab's files are newer") == true)
  }

  @Test(arguments: [0, 4000]) func aDataFileThatAPowerCutLeft(count: Int) throws {
    let zeros = [UInt8](repeating: 0, count: count)
    try File.writeAtomically(data, replacing: true) { (writer) throws(LiaeError) in try writer.write(zeros) }
    for path in [training.model, data] {
      expectError(.corruptFile, data, "power cut", "move the file away") { _ = try ModelReader.open(path: path) }
    }
    expectError(.corruptFile, data, "power cut", "move the file away") { _ = try training.start() }
  }
}
