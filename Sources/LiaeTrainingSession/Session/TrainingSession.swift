// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeSystem
import LiaeText
import LiaeTrain

/// Trains a model from where it is to its target, or until it is asked to stop; saves, logs and draws on the way, and
/// rolls back to the last save where training diverges.
package final class TrainingSession {
  let folder: ModelFolder
  let settings: TrainingSettings
  let trainer: Trainer
  let loader: DataLoader
  /// The log from `run` on, in the process that keeps the model.
  private(set) var log: TrainingLog?
  let report: (SessionEvent) -> Void
  var history: LossHistory
  var attempt: Int
  var phase: TrainingPhase?
  var lossGuard: LossGuard
  var saving: SaveSchedule
  /// The fallback where the model's folder does not take its state, and what it has done.
  package internal(set) var fallback: SaveFallback
  /// Path of the last state where the model's own folder did not take it.
  package internal(set) var stateElsewhere: String?
  private(set) var isStopRequested: () -> Bool = { false }
  private let previews: PreviewWriter

  /// True if this process keeps the model; its peers only compute.
  var leads: Bool { trainer.peers?.rank ?? 0 == 0 }
  private var isAtTarget: Bool {
    trainer.iteration >= (settings.targetIteration != 0 ? settings.targetIteration : TrainingState.counterLimit)
  }

  /// - Parameter report: is called on the thread that calls `prepare` and `run`.
  package init(
    folder: ModelFolder, settings: TrainingSettings, training: ResumedTraining, loader: DataLoader,
    fallback: SaveFallback,
    report: @escaping (SessionEvent) -> Void
  ) {
    (self.folder, self.settings, self.loader, self.report) = (folder, settings, loader, report)
    (trainer, history, attempt) = (training.trainer, training.history, training.attempt)
    self.fallback = fallback
    lossGuard = LossGuard(factor: settings.session.spikeFactor)
    saving = SaveSchedule(folder: folder, settings: settings, iteration: training.trainer.iteration)
    previews = PreviewWriter(folder: folder, settings: settings)
  }

  /// Checks the faces against the model. Nothing is written.
  ///
  /// - Throws: `invalidArgument` where no face can be used; `threadFailure`.
  package func prepare() throws(LiaeError) {
    if !isAtTarget { try enterPhase() }
  }

  /// Trains. May be called once, with the model's folder there and locked by this process.
  ///
  /// - Parameters:
  ///   - changes: what the log says of settings that changed.
  ///   - isStopRequested: is asked between operations, from now on; an iteration that is not done is given up.
  /// - Throws: what `prepare` throws; where the first save fails; what loading a batch and an iteration throw, after the last
  ///   whole iteration was saved; where the last save fails and the user does not wait for it.
  package func run(changes: [String], isStopRequested: @escaping () -> Bool) throws(LiaeError) -> SessionOutcome {
    try prepare()
    (self.isStopRequested, trainer.isCancelled) = (isStopRequested, isStopRequested)
    if leads {
      log = TrainingLog(folder.log, at: trainer.iteration, every: settings.session.logEvery) { [report] error in
        report(.progressFileFailed(error))
      }
    }
    // A new model, or new settings, are on the disk before the first iteration: what cannot be written shows at once.
    if folder.hasState && changes.isEmpty { saving.noteSaved(at: trainer.iteration) } else { try save() }
    log?.event("start", at: trainer.iteration, changes.isEmpty ? [] : [("changes", .array(changes.map(JSON.string)))])
    saving.restart()
    var outcome = SessionOutcome.finished
    while !isAtTarget {
      if try isToStop(isStopRequested()) {
        outcome = .stopped
        break
      }
      if let reason = try iterate() {
        return .diverged(
          iteration: trainer.iteration, reason: reason, rollbacks: SaveSchedule.rollbacksAllowed)
      }
    }
    try saveAtTheEnd()
    if outcome == .finished, phase != nil, settings.session.previewEvery > 0 { draw() }
    reportSkippedFaces()
    log?.event("stop", at: trainer.iteration)
    return outcome
  }

  /// Tells whether this process or a peer is asked to stop: all stop at the same iteration.
  private func isToStop(_ isRequested: Bool) throws(LiaeError) -> Bool {
    guard let peers = trainer.peers else { return isRequested }
    var votes: [Float] = [isRequested ? 1 : 0]
    try peers.sum(&votes)
    return votes[0] > 0
  }

  /// Does one iteration, or rolls back after one that diverged; nothing where it is asked to stop in between.
  ///
  /// - Returns: why training is given up, or nil.
  private func iterate() throws(LiaeError) -> String? {
    // Pictures and logs may have run out of memory; they do not end a training.
    MemoryShortage.clear()
    let start = monotonicNanoseconds()
    let result: IterationReport
    do throws(LiaeError) {
      try enterPhase()
      // Peers wait for each other in an iteration: they stop between two.
      let faces = try loader.next(isCancelled: trainer.peers == nil ? isStopRequested : { false })
      result = try trainer.iterate(source: faces.source, destination: faces.destination)
    } catch {
      if error.status == .cancelled {
        // Batches that were loaded are loaded again.
        phase = nil
        return nil
      }
      // What was learnt up to here is kept, unless the iteration was left half done.
      if trainer.iteration == history.last { try saveAtTheEnd() }
      throw error
    }
    let verdict = lossGuard.judge(
      source: result.sourceLoss, destination: result.destinationLoss, isFinite: result.isFinite)
    if case .diverged(let reason) = verdict { return try rollBack(reason) }

    let milliseconds = Double(monotonicNanoseconds() - start) / 1e6
    let iteration = trainer.iteration
    history.append(result.sourceLoss, result.destinationLoss)
    log?.append(iteration, source: result.sourceLoss, destination: result.destinationLoss, milliseconds: milliseconds)
    if leads {
      report(
        .iteration(
          number: iteration, source: result.sourceLoss, destination: result.destinationLoss,
          milliseconds: milliseconds))
    }
    let isRequested = leads && takeSaveRequest()
    if case .normal = verdict { saveIfDue(isRequested: isRequested) }
    let every = settings.session.previewEvery
    if isRequested || every > 0 && iteration % every == 0 { draw() }
    return nil
  }

  /// Tells whether the user asks for a save and pictures now: by SIGUSR1, or by a file in the model's folder.
  private func takeSaveRequest() -> Bool {
    let isSignalled = Interruption.takeRequest()
    guard File.kind(folder.saveRequest) == .file else { return isSignalled }
    // A file that cannot be taken away would ask again and again.
    return (try? File.remove(folder.saveRequest)) != nil || isSignalled
  }

  /// Gives trainer and loader the options in force at the present iteration.
  private func enterPhase() throws(LiaeError) {
    let next = settings.phase(at: trainer.iteration, attempt: attempt)
    if next == phase { return }
    if !loader.serves(next) || phase == nil {
      try loader.seek(next, batchSize: settings.batchSize, iteration: trainer.iteration)
      reportSkippedFaces()
    }
    if phase != nil { log?.event("phase", at: trainer.iteration) }
    trainer.options = next.options
    lossGuard.restart()
    phase = next
  }

  private func reportSkippedFaces() {
    for (path, faces) in loader.newlySkipped() { report(.skippedFaces(path: path, faces: faces)) }
  }

  /// A picture that cannot be drawn or written is no reason to stop.
  private func draw() {
    guard leads else { return }
    do throws(LiaeError) { try previews.write(trainer, history, loader) } catch {
      if error.status != .cancelled { report(.progressFileFailed(error)) }
    }
  }
}
