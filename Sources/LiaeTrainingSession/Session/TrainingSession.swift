// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeSystem
import LiaeText
import LiaeTrain

/// Trains a model from where it is to its target, or until it is asked to stop; saves, logs and draws on the way, and
/// rolls back to the last save where training diverges.
package final class TrainingSession {
  let folder: ModelFolder
  let settings: any ModelSettings
  let task: any TrainingTask
  /// The log from `run` on, in the process that keeps the model.
  private(set) var log: TrainingLog?
  let report: (SessionEvent) -> Void
  var history: LossHistory
  var attempt: Int
  /// True if the task has the options in force and its next batches are those of the present iteration.
  var isPrepared = false
  var lossGuard: LossGuard
  var saving: SaveSchedule
  /// The fallback where the model's folder does not take its state, and what it has done.
  package internal(set) var fallback: SaveFallback
  /// Path of the last state where the model's own folder did not take it.
  package internal(set) var stateElsewhere: String?
  private(set) var isStopRequested: () -> Bool = { false }
  private let previews: PreviewWriter

  /// True if this process keeps the model; its peers only compute.
  var leads: Bool { task.peers?.rank ?? 0 == 0 }
  private var isAtTarget: Bool {
    task.iteration >= (settings.targetIteration != 0 ? settings.targetIteration : TrainingState.counterLimit)
  }

  /// - Parameters:
  ///   - history: losses up to now.
  ///   - attempt: how many times training was rolled back.
  ///   - report: is called on the thread that calls `prepare` and `run`.
  package init(
    folder: ModelFolder, settings: any ModelSettings, task: any TrainingTask, history: LossHistory, attempt: Int,
    fallback: SaveFallback, report: @escaping (SessionEvent) -> Void
  ) {
    (self.folder, self.settings, self.task, self.report) = (folder, settings, task, report)
    (self.history, self.attempt, self.fallback) = (history, attempt, fallback)
    lossGuard = LossGuard(factor: settings.session.spikeFactor)
    saving = SaveSchedule(folder: folder, settings: settings, iteration: task.iteration)
    previews = PreviewWriter(folder: folder, keepsHistory: settings.writesPreviewHistory)
  }

  /// A session that trains a face-swap model.
  ///
  /// - Parameter report: as above.
  package convenience init(
    folder: ModelFolder, settings: TrainingSettings, training: ResumedTraining, loader: DataLoader,
    fallback: SaveFallback,
    report: @escaping (SessionEvent) -> Void
  ) {
    self.init(
      folder: folder, settings: settings, task: SwapTask(training.trainer, settings, loader),
      history: training.history, attempt: training.attempt, fallback: fallback, report: report)
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
    (self.isStopRequested, task.isCancelled) = (isStopRequested, isStopRequested)
    if leads {
      log = TrainingLog(folder.log, at: task.iteration, every: settings.session.logEvery) { [report] error in
        report(.progressFileFailed(error))
      }
    }
    // A new model, or new settings, are on the disk before the first iteration: what cannot be written shows at once.
    if folder.hasState && changes.isEmpty { saving.noteSaved(at: task.iteration) } else { try save() }
    log?.event("start", at: task.iteration, changes.isEmpty ? [] : [("changes", .array(changes.map(JSON.string)))])
    saving.restart()
    var outcome = SessionOutcome.finished
    while !isAtTarget {
      if try isToStop(isStopRequested()) {
        outcome = .stopped
        break
      }
      if let reason = try iterate() {
        return .diverged(
          iteration: task.iteration, reason: reason, rollbacks: SaveSchedule.rollbacksAllowed)
      }
    }
    try saveAtTheEnd()
    if outcome == .finished, isPrepared, settings.session.previewEvery > 0 { draw() }
    reportSkippedFaces()
    log?.event("stop", at: task.iteration)
    return outcome
  }

  /// Tells whether this process or a peer is asked to stop: all stop at the same iteration.
  private func isToStop(_ isRequested: Bool) throws(LiaeError) -> Bool {
    guard let peers = task.peers else { return isRequested }
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
    let losses: IterationLosses
    do throws(LiaeError) {
      try enterPhase()
      // Peers wait for each other in an iteration: they stop between two.
      losses = try task.iterate(isCancelled: task.peers == nil ? isStopRequested : { false })
    } catch {
      if error.status == .cancelled {
        // Batches that were loaded are loaded again.
        isPrepared = false
        return nil
      }
      // What was learnt up to here is kept, unless the iteration was left half done.
      if task.iteration == history.last { try saveAtTheEnd() }
      throw error
    }
    let verdict = lossGuard.judge(
      source: losses.source, destination: losses.destination, isFinite: losses.isFinite)
    if case .diverged(let reason) = verdict { return try rollBack(reason) }

    let milliseconds = Double(monotonicNanoseconds() - start) / 1e6
    let iteration = task.iteration
    history.append(losses.source, losses.destination)
    log?.append(iteration, source: losses.source, destination: losses.destination, milliseconds: milliseconds)
    if leads {
      report(
        .iteration(
          number: iteration, source: losses.source, destination: losses.destination, milliseconds: milliseconds))
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

  /// Gives the task the options in force at the present iteration.
  private func enterPhase() throws(LiaeError) {
    guard try task.enterPhase(attempt: attempt, reloads: !isPrepared) else { return }
    reportSkippedFaces()
    if isPrepared { log?.event("phase", at: task.iteration) }
    lossGuard.restart()
    isPrepared = true
  }

  private func reportSkippedFaces() {
    for (path, faces) in task.newlySkipped() { report(.skippedFaces(path: path, faces: faces)) }
  }

  /// A picture that cannot be drawn or written is no reason to stop.
  private func draw() {
    guard leads else { return }
    do throws(LiaeError) { try previews.write(task, history) } catch {
      if error.status != .cancelled { report(.progressFileFailed(error)) }
    }
  }
}
