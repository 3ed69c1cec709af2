// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeSamples
import LiaeSystem
import LiaeText
import LiaeTrain
import LiaeTrainingSession

struct XSegCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "xseg",
    abstract: "Trains an XSeg model, which finds what of a face is covered.",
    discussion: """
      Learns from all faces on which polygons were drawn; if there is none, from those that have a mask. The model is one \
      file in the folder, XSeg_liae-train.safetensors, with a log, pictures and backups beside it; a folder that holds \
      DeepFaceLab's XSeg_256.npy is trained on from there. Training that was stopped goes on when the same command is \
      given again; options that are not given stay as they were. Export writes it for use elsewhere:
        liae-train xseg --faces data_src/aligned --faces data_dst/aligned --model model
        liae-train export model xseg.safetensors
      """)

  @Option(
    help: .init(
      "Aligned faces with polygons or masks: a folder, or a faceset.pak. May be given several times.",
      valueName: "path"))
  var faces: [String] = []

  @Option(name: .shortAndLong, help: .init("Folder of the model; made where it is missing.", valueName: "folder"))
  var model: String

  @Option(help: .init("Name of the model. (default: XSeg)", valueName: "name"))
  var name = SegmentationStart.usualName

  @Option(
    name: .customLong("init"),
    help: .init(
      "Weights that a new model starts from: safetensors, .onnx, a DeepFaceLab folder or its XSeg_256.npy.",
      valueName: "path"))
  var initial: String?

  @Option(
    help: .init(
      "Settings: a JSON object whose keys are the names of the options from resolution on, flags with true or false. "
        + "The command line overrules it.", valueName: "file"))
  var config: String?

  @Option(
    help: .init(
      "Folder that takes the model where its own cannot be written to: another disk. Made when it is needed.",
      valueName: "folder"))
  var saveElsewhere: String?

  @OptionGroup(title: "The network") var network: SegmentationNetworkArguments
  @OptionGroup(title: "Training, kept with the model") var training: SegmentationArguments
  @OptionGroup(title: "This run") var session: SessionArguments

  private var given: [(key: String, value: JSON)] { network.given + training.given + session.given }

  func validate() throws {
    try requirePath(model, "--model")
    let paths = faces.map { ($0, "--faces") } as [(String?, String)]
    let others = [(initial, "--init"), (config, "--config"), (saveElsewhere, "--save-elsewhere")]
    for case (let path?, let option) in paths + others { try requirePath(path, option) }
    if faces.isEmpty { throw ValidationError("--faces is missing") }
    try check(given, by: SegmentationSettings())
  }

  func run() throws {
    let folder = try ModelFolder(model, name: name)
    // A new model is made when all else is known to be right.
    var lock = folder.hasState ? try ModelLock.take(folder) : nil
    let start = try asModel { () throws(LiaeError) in
      try SegmentationStart(
        in: folder, weights: initial, config: config, given: given)
    }
    for remark in start.remarks { Console.complain(remark) }
    let settings = start.settings
    let fallback = SaveFallback(folder: saveElsewhere, wait: ModelLock.waitBeforeSaving)
    if let saveElsewhere { _ = try fallback.path(in: saveElsewhere, of: folder) }
    let source = FacesetSource(joining: try faces.map { try readFaceset($0) })
    let threads = settings.session.threads
    let engine = try Engine(workers: threads == 0 ? processorCount() : threads)
    let (trainer, history, attempt) = try asModel { () throws(LiaeError) in try start.resumed(on: engine) }
    let printer = SessionPrinter(settings)
    let session = TrainingSession(
      folder: folder, settings: settings, task: SegmentationTask(trainer, settings, source), history: history,
      attempt: attempt, fallback: fallback, report: printer.show)
    do throws(LiaeError) { try session.prepare() } catch {
      throw error.status == .invalidArgument ? Failure(.files, error.message) : error
    }
    if lock == nil { lock = try ModelLock.takeNew(folder) }
    defer { withExtendedLifetime(lock) {} }
    let labelled = source.faces.count(where: \.hasPolygons), masked = source.faces.count(where: \.hasMask)
    Console.say("model    \(folder.name), xseg of \(settings.resolution) pixels, b\(settings.baseDims)")
    Console.say("from     \(start.description), iteration \(trainer.iteration)")
    Console.say("faces    \(source.faces.count), of them \(labelled) with polygons and \(masked) with a mask")
    if !start.changes.isEmpty { Console.say("changed  \(start.changes.joined(separator: ", "))") }
    let outcome = try runToEnd(session, changes: start.changes, printer)
    try finish(session, outcome, folder, iteration: trainer.iteration)
  }
}

/// What a new XSeg model is. For one that is there they may be left out, and else must agree.
struct SegmentationNetworkArguments: SettingOptions {
  @Option(
    help: .init(
      "Side of the pictures, pixels: a multiple of 64. 64 to 1024. DeepFaceLab has 256 alone. (default: 256)",
      valueName: "n"))
  var resolution: Int?

  @Option(help: .init("Width of the network; DeepFaceLab has 32 alone. (default: 32)", valueName: "n"))
  var baseDims: Int?

  @Option(help: .init("How much of a head is seen: h, mf, f, wf, head. (default: wf)", valueName: "name"))
  var faceType: String?
}

/// How an XSeg model learns. Kept with the model: what is not given stays as it was.
struct SegmentationArguments: SettingOptions {
  @Option(help: .init("Faces in a step. 1 to 1024. (default: 4)", valueName: "n"))
  var batchSize: Int?

  @Option(
    help: .init(
      "Share of the faces that get other backgrounds, light, colours and losses, as in DeepFaceLab all do; the others are "
        + "bent and moved alone. 0 to 1. (default: 1)", valueName: "x"))
  var augmentation: Double?

  @Option(help: .init("Stop at this iteration; 0: never. (default: 0)", valueName: "n"))
  var targetIter: Int?

  @Option(help: .init("Of weights and samples: the same seed trains the same model. (default: 0)", valueName: "n"))
  var seed: Int?

  @Option(help: .init("rmsprop, adabelief, adam, rmsprop-torch. (default: rmsprop)", valueName: "name"))
  var optimizer: String?

  @Option(help: .init("Step of the optimiser. (default: 0.0001)", valueName: "x"))
  var learningRate: Double?

  @Flag(inversion: .prefixedNo, help: "Each step changes a random third of the weights. (default: on)")
  var lrDropout: Bool?

  @Flag(inversion: .prefixedNo, help: "Bring the norm of the gradient down to 1. (default: off)")
  var clipgrad: Bool?

  @Flag(
    inversion: .prefixedNo, help: "Learn to draw the faces in gray, without labels; what comes after learns faster.")
  var pretrain: Bool?

  @Option(help: .init("Hours between backups, 0 to 24; 0: none. (default: 0)", valueName: "n"))
  var autobackupHour: Int?

  @Flag(inversion: .prefixedNo, help: "Keep every preview. (default: off)")
  var writePreviewHistory: Bool?
}
