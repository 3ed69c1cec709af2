// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import LiaeText
import LiaeTrain
import LiaeTrainingSession
import Testing

/// A model of a tiny network in a folder of its own, trained on the golden faces through the library alone.
struct Training {
  typealias Given = [(key: String, value: JSON)]

  let folder: TemporaryFolder
  var model: String { folder("model") }
  var state: String { folder("model/model_liae-train.safetensors") }

  static let aligned = GoldenSet.repository.path("faces/aligned")
  static let network: Given = [
    ("arch", .string("liae-ud")), ("resolution", .integer(64)), ("e-dims", .integer(2)), ("ae-dims", .integer(4)),
    ("d-dims", .integer(2)), ("d-mask-dims", .integer(2)), ("batch-size", .integer(2)), ("threads", .integer(1)),
    ("generator-threads", .integer(1)), ("preview-every", .integer(0)),
  ]

  init() throws { folder = try TemporaryFolder() }

  func start(_ given: Given = [], weights: String? = nil, name: String? = nil) throws -> ModelStart {
    let place = try ModelFolder(model, name: name)
    return try ModelStart(ModelOrigin(of: place, weights: weights), in: place, config: nil, given: given)
  }

  struct Run {
    var outcome: SessionOutcome
    var iteration: Int
    var events: [SessionEvent]
    var stateElsewhere: String?
    /// Losses of source and destination as they were reported.
    var losses: [[Float]] {
      events.compactMap {
        if case .iteration(_, let source, let destination, _) = $0 { [source, destination ?? .nan] } else { nil }
      }
    }
  }

  /// One start of the program.
  ///
  /// - Parameters:
  ///   - fallback: what becomes of a state that cannot be saved; by default nobody waits.
  ///   - watch: gets each event as it is reported.
  ///   - isStopRequested: gets the iterations reported so far.
  @discardableResult
  func run(
    _ given: Given, weights: String? = nil, name: String? = nil, source: String = aligned,
    fallback: SaveFallback = SaveFallback { _ in nil }, watch: @escaping (SessionEvent) -> Void = { _ in },
    isStopRequested: @escaping (Int) -> Bool = { _ in false }
  ) throws -> Run {
    let start = try start(given, weights: weights, name: name)
    let place = try ModelFolder(model, name: name)
    let settings = start.settings
    let training = try ResumedTraining(start, engine: Engine(workers: max(1, settings.session.threads)))
    let loader = DataLoader(
      source: try FacesetSource(path: source), destination: try FacesetSource(path: Self.aligned),
      workers: settings.session.generatorThreads)
    var events: [SessionEvent] = []
    var steps = 0
    let session = TrainingSession(
      folder: place, settings: settings, training: training, loader: loader, fallback: fallback
    ) { event in
      events.append(event)
      if case .iteration = event { steps += 1 }
      watch(event)
    }
    try session.prepare()
    let lock = try place.lock()
    defer { withExtendedLifetime(lock) {} }
    let outcome = try session.run(changes: start.changes) { isStopRequested(steps) }
    return Run(
      outcome: outcome, iteration: training.trainer.iteration, events: events, stateElsewhere: session.stateElsewhere)
  }

  /// A new tiny model of so many iterations.
  @discardableResult
  func begin(_ iterations: Int, _ given: Given = []) throws -> Run {
    try run(Self.network + [("target-iter", .integer(iterations))] + given)
  }

  func bytes(_ path: String? = nil) throws -> [UInt8] { try contents(path ?? state) }

  /// The lines of the log.
  func log() throws -> [JSON] {
    try bytes(folder("model/model_log.jsonl")).split(separator: UInt8(ascii: "\n"))
      .map { try JSON(parsing: Array($0), name: "the log") }
  }
}
