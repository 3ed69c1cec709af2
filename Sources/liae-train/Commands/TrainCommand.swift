// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeSamples
import LiaeSystem
import LiaeText
import LiaeTrain
import LiaeTrainingSession

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a model, or resumes its training.",
    discussion: """
      The model is one file in the folder, NAME_liae-train.safetensors, beside it a log, pictures of samples and losses, \
      and backups. A folder that holds a DeepFaceLab model is trained on from there. Training that was stopped goes on \
      when the same command is given again; options that are not given stay as they were.
      """)

  @Option(help: .init("Aligned faces of the person who is to be seen: a folder, or a faceset.pak.", valueName: "path"))
  var src: String?

  @Option(help: .init("Aligned faces of the person who is to be replaced.", valueName: "path"))
  var dst: String?

  @Option(name: .shortAndLong, help: .init("Folder of the model; created if it is missing.", valueName: "folder"))
  var model: String

  @Option(help: .init("Name of the model. (default: that of the one in the folder, else model)", valueName: "name"))
  var name: String?

  @Option(
    name: .customLong("init"),
    help: .init(
      "Weights that a new model starts from: safetensors, .pt, .dfm, a DeepFaceLab folder.", valueName: "path"))
  var initial: String?

  @Option(help: .init("Faces of many people, for --pretrain.", valueName: "path"))
  var pretrainingData: String?

  @Option(
    help: .init(
      "Settings: a JSON object whose keys are the names of the options from arch on, flags with true or false. The "
        + "command line overrules it.", valueName: "file"))
  var config: String?

  @Option(
    help: .init(
      "Folder, on another disk, that takes the model if its own cannot be written to. Created when it is needed.",
      valueName: "folder"))
  var saveElsewhere: String?

  @OptionGroup(title: "The network") var network: NetworkArguments
  @OptionGroup(title: "Training, kept with the model") var training: TrainingArguments
  @OptionGroup(title: "This run") var session: SessionArguments

  private var given: [(key: String, value: JSON)] { network.given + training.given + session.given }

  /// Options that the command line alone can tell to be wrong are found before anything is opened.
  func validate() throws {
    try requirePath(model, "--model")
    let paths = [
      (src, "--src"), (dst, "--dst"), (initial, "--init"), (pretrainingData, "--pretraining-data"),
      (config, "--config"), (saveElsewhere, "--save-elsewhere"),
    ]
    for case (let path?, let option) in paths { try requirePath(path, option) }
    try check(given, by: TrainingSettings())
  }

  func run() throws {
    let peers = try joinedPeers()
    let leads = peers?.rank ?? 0 == 0
    let folder = try ModelFolder(model, name: name)
    // A new model is made when all else is known to be right.
    var lock = leads && folder.hasState ? try ModelLock.take(folder) : nil
    let architecture = network.arch
    let origin = try asModel { () throws(LiaeError) in
      try ModelOrigin(of: folder, weights: initial, architecture: architecture)
    }
    for guess in origin.guesses { Console.complain(guess) }
    let start = try ModelStart(origin, in: folder, config: config, given: given)
    for remark in start.remarks { Console.complain(remark) }
    let settings = start.settings
    let fallback = SaveFallback(folder: saveElsewhere, wait: ModelLock.waitBeforeSaving)
    if let saveElsewhere { _ = try fallback.path(in: saveElsewhere, of: folder) }
    let (source, destination) = try facesets(settings)
    let threads = settings.session.threads
    let engine = try Engine(workers: threads == 0 ? processorCount() : threads)
    let training = try asModel { () throws(LiaeError) in try ResumedTraining(start, engine: engine) }
    for remark in training.remarks { Console.complain(remark) }
    training.trainer.peers = peers
    let loader = DataLoader(
      source: source, destination: destination, workers: settings.session.generatorThreads,
      share: peers.map { ($0.rank, $0.count) } ?? (0, 1))
    let printer = SessionPrinter(settings)
    let session = TrainingSession(
      folder: folder, settings: settings, training: training, loader: loader, fallback: fallback, report: printer.show)
    try session.prepare()
    if leads, lock == nil { lock = try ModelLock.takeNew(folder) }
    defer { withExtendedLifetime(lock) {} }
    if leads { say(folder, start, training.trainer, source, destination) }
    let outcome = try runToEnd(session, changes: start.changes, printer)
    guard leads else { return }
    try finish(session, outcome, folder, iteration: training.trainer.iteration)
  }

  private func facesets(_ settings: TrainingSettings) throws -> (FacesetSource, FacesetSource) {
    if settings.options.pretrain {
      guard let pretrainingData else { throw Failure(.usage, "--pretrain needs --pretraining-data") }
      let faces = try readFaceset(pretrainingData)
      return (faces, faces)
    }
    guard let src, let dst else { throw Failure(.usage, "--\(src == nil ? "src" : "dst") is missing") }
    return (try readFaceset(src), try readFaceset(dst))
  }

  private func say(
    _ folder: ModelFolder, _ start: ModelStart, _ trainer: Trainer, _ source: FacesetSource,
    _ destination: FacesetSource
  ) {
    let network = trainer.architecture
    let dims =
      "e\(network.eDims) ae\(network.aeDims) d\(network.dDims) m\(network.dMaskDims)"
      + (network.family == .amp ? " i\(network.interDims)" : "")
    Console.say("model    \(folder.name), \(network.name) of \(network.resolution) pixels, \(dims)")
    Console.say("from     \(start.origin.description), iteration \(trainer.iteration)")
    Console.say("faces    \(source.faces.count) of src, \(destination.faces.count) of dst")
    if let peers = trainer.peers { Console.say("peers    \(peers.count), each with its own batch") }
    if !start.changes.isEmpty { Console.say("changed  \(start.changes.joined(separator: ", "))") }
  }
}
