// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeCommandLine
import LiaeSystem
import LiaeText
import LiaeTrain

/// Training from where a model is to its target, or until somebody stops it.
final class TrainingSession {
  private let folder: ModelFolder
  private let settings: TrainingSettings
  private let trainer: Trainer
  private let peers: (any TrainingPeers)?
  /// Whether this process keeps the model; its peers only compute.
  private var leads: Bool { peers?.rank ?? 0 == 0 }
  private let feed: FaceFeed
  private let log: TrainingLog?
  private var history: LossHistory
  private var attempt: Int

  private var phase: Phase?
  private var guardian: LossGuard
  private var status: StatusLine
  private var backups: Backups
  private let pictures: ProgressPictures
  private var nextSave = Int.max
  private var savedIteration: Int?
  /// Times that training went back since it last came to a save.
  private var setbacks = 0

  private static let setbacksAllowed = 3
  private static let minute = 60_000_000_000.0

  init(
    folder: ModelFolder, settings: TrainingSettings, trainer: Trainer, feed: FaceFeed, history: LossHistory,
    attempt: Int
  ) throws {
    (self.folder, self.settings, self.trainer, self.feed) = (folder, settings, trainer, feed)
    (self.history, self.attempt) = (history, attempt)
    peers = trainer.peers
    log =
      (trainer.peers?.rank ?? 0) == 0
      ? try TrainingLog(folder.log, at: trainer.iteration, every: settings.session.logEvery) : nil
    guardian = LossGuard(factor: settings.session.spikeFactor)
    status = StatusLine(target: settings.targetIteration, seconds: settings.session.statusEvery)
    backups = Backups(folder: folder, settings: settings, iteration: trainer.iteration)
    pictures = ProgressPictures(folder: folder, settings: settings)
  }

  /// - Parameter changes: what is said of settings in the log.
  /// - Throws: `Failure` of status `interrupted` after Ctrl-C, when all is saved; of `diverged` where training goes astray
  ///   again and again; where the last save fails.
  func run(changes: [String]) throws {
    Interruption.watch(termination: true)
    // A limit of the file size is to be an error of writing like a full disk, not the end of the program.
    signal(SIGXFSZ, SIG_IGN)
    // A new model, or new settings, are on the disk before the first step: what cannot be written shows at once.
    if folder.hasState && changes.isEmpty { savedIteration = trainer.iteration } else { try save() }
    log?.event("start", at: trainer.iteration, changes.isEmpty ? [] : [("changes", .array(changes.map(JSON.string)))])
    scheduleSave()
    while settings.targetIteration == 0 || trainer.iteration < settings.targetIteration {
      if try isToStop() { break }
      try iterate()
    }
    status.end()
    try finish()
  }

  /// Whether Ctrl-C has reached this process or a peer: all stop at the same iteration.
  private func isToStop() throws(LiaeError) -> Bool {
    guard let peers else { return Interruption.came }
    var votes: [Float] = [Interruption.came ? 1 : 0]
    try peers.sum(&votes)
    return votes[0] > 0
  }

  private func iterate() throws {
    let start = monotonicNanoseconds()
    let report: StepReport
    do throws(LiaeError) {
      try enterPhase()
      let faces = try feed.next()
      report = try trainer.step(source: faces.source, destination: faces.destination)
    } catch {
      // What was learnt up to here is kept, unless the step was left half done.
      if trainer.iteration == history.last { try saveAtTheEnd() }
      throw error
    }
    let verdict = guardian.judge(
      source: report.sourceLoss, destination: report.destinationLoss, isFinite: report.isFinite)
    if case .astray(let reason) = verdict { return try goBack(reason) }

    let milliseconds = Double(monotonicNanoseconds() - start) / 1e6
    let iteration = trainer.iteration
    history.append(report.sourceLoss, report.destinationLoss)
    log?.step(
      iteration, source: report.sourceLoss, destination: report.destinationLoss, milliseconds: milliseconds)
    if leads {
      status.step(
        iteration, source: report.sourceLoss, destination: report.destinationLoss, milliseconds: milliseconds)
    }
    if case .fine = verdict { saveIfDue() }
    let every = settings.session.previewEvery
    if every > 0, iteration % every == 0 { draw() }
  }

  /// Gives trainer and faces what is in force now.
  private func enterPhase() throws(LiaeError) {
    let next = settings.phase(at: trainer.iteration, attempt: attempt)
    if next == phase { return }
    if !feed.isFor(next) || phase == nil {
      try feed.seek(next, batchSize: settings.batchSize, iteration: trainer.iteration)
    }
    if phase != nil { log?.event("phase", at: trainer.iteration) }
    trainer.options = next.options
    guardian.restart()
    phase = next
  }

  // MARK: Saving

  private func saveIfDue() {
    guard leads else { return }
    let backupIsDue = backups.isDue(at: trainer.iteration)
    guard backupIsDue || monotonicNanoseconds() >= nextSave else { return }
    do throws(LiaeError) {
      try save()
      scheduleSave()
      if backupIsDue { try backups.take(at: trainer.iteration) }
    } catch {
      nextSave = monotonicNanoseconds() + Int(Self.minute)
      Console.complain("\(error.message); training goes on, and saving is tried again in a minute")
    }
  }

  private func scheduleSave() {
    let minutes = Double(settings.session.saveEvery)
    nextSave = minutes > 0 ? monotonicNanoseconds() + Int(minutes * Self.minute) : .max
  }

  private func save() throws(LiaeError) {
    if leads {
      try StateFile(
        trainer: try trainer.state, settings: settings.stored, history: history, attempt: attempt
      ).write(to: folder.state)
    }
    (savedIteration, setbacks) = (trainer.iteration, 0)
  }

  private func saveAtTheEnd() throws(LiaeError) {
    if savedIteration != trainer.iteration { try save() }
  }

  private func finish() throws {
    let iteration = trainer.iteration
    try saveAtTheEnd()
    if phase != nil, settings.session.previewEvery > 0 { draw() }
    feed.complain()
    log?.event("stop", at: iteration)
    guard leads else { return }
    if Interruption.came {
      throw Failure(.interrupted, "interrupted at iteration \(iteration); the model is saved in \(folder.state)")
    }
    Console.say("saved    \(folder.state), iteration \(iteration)")
  }

  // MARK: Setbacks

  private func goBack(_ reason: String) throws {
    let iteration = trainer.iteration
    setbacks += 1
    // Only the leader knows of saves; when it gives up, it takes its peers along.
    guard setbacks <= Self.setbacksAllowed || !leads else {
      throw Failure(
        .diverged,
        "iteration \(iteration): \(reason); given up after going back \(Self.setbacksAllowed) times in a row. "
          + "\(folder.state) is the last good state: try --clipgrad, a lower --learning-rate, or other faces")
    }
    let state = try StateFile(reading: folder.state)
    try trainer.restore(state.trainer)
    history = state.history
    // Other faces than those that led astray.
    attempt += 1
    phase = nil
    try log?.rewind(to: trainer.iteration)
    log?.event("rollback", at: trainer.iteration, [("from", .integer(iteration)), ("reason", .string(reason))])
    guard leads else { return }
    Console.complain("iteration \(iteration): \(reason); back to the save of iteration \(trainer.iteration)")
  }

  /// A picture that cannot be drawn or written is no reason to stop.
  private func draw() {
    guard leads else { return }
    do throws(LiaeError) {
      try pictures.draw(trainer, history, feed)
    } catch { Console.complain("\(error.message); training goes on") }
  }
}
