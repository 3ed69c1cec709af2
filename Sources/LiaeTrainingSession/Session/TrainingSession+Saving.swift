// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeSystem
import LiaeText
import LiaeTrain

extension TrainingSession {
  /// Saves, and backs up, what is due. Training goes on where that fails.
  ///
  /// - Parameter isRequested: whether the user asks for a save now.
  func saveIfDue(isRequested: Bool) {
    guard leads else { return }
    let backupIsDue = saving.backups.isDue(at: task.iteration)
    guard backupIsDue || saving.isDue || isRequested else { return }
    do throws(LiaeError) { try save() } catch {
      saving.retryInAMinute()
      do throws(LiaeError) { report(.saveFailed(error, elsewhere: try writeElsewhere(after: error))) } catch {
        report(.saveFailed(error, elsewhere: nil))
      }
      return
    }
    saving.restart()
    if isRequested { report(.savedOnRequest(iteration: task.iteration)) }
    guard backupIsDue else { return }
    do throws(LiaeError) { try saving.backups.take(at: task.iteration) } catch { report(.backupFailed(error)) }
  }

  func save() throws(LiaeError) {
    if leads { try write(to: folder.state) }
    saving.noteSaved(at: task.iteration)
  }

  private func write(to path: String) throws(LiaeError) {
    // Memory that ran out before may be there now.
    MemoryShortage.clear()
    try TrainingState.write(task, settings: settings.stored, history: history, attempt: attempt, to: path)
  }

  /// Writes the state into the other folder, which is made where it is missing.
  ///
  /// - Parameter failure: of the model's own folder.
  /// - Returns: the path of the state, or nil where no other folder is named.
  /// - Throws: both reasons where the other folder does not take it either.
  private func writeElsewhere(after failure: LiaeError) throws(LiaeError) -> String? {
    guard let other = fallback.folder else { return nil }
    do throws(LiaeError) {
      let path = try fallback.path(in: other, of: folder)
      try File.makeFolder(other)
      try write(to: path)
      fallback.saved = path
      return path
    } catch { throw LiaeError(failure.status, "\(failure.message); \(error.message)") }
  }

  /// Saves what was learnt. Where that fails, the state stays in memory until it could be saved, in the model's folder or
  /// in another that was named.
  ///
  /// - Throws: why saving failed, once the user asks to stop waiting. Who had asked training to stop before ends the wait
  ///   with a second signal, which ends the process.
  func saveAtTheEnd() throws(LiaeError) {
    guard saving.savedIteration != task.iteration else { return }
    let wasStopped = isStopRequested()
    var tries = 0
    while true {
      var failure: LiaeError
      do throws(LiaeError) { return try save() } catch { failure = error }
      do throws(LiaeError) {
        stateElsewhere = try writeElsewhere(after: failure)
        if let stateElsewhere { return report(.savedElsewhere(stateElsewhere, failure)) }
      } catch { failure = error }
      if SaveFallback.isReported(tries) || fallback.hasNewFolder { report(.lastSaveFailed(failure)) }
      fallback.take(fallback.wait(SaveFallback.pause(after: tries)))
      tries += 1
      if !wasStopped, isStopRequested() {
        let saved = saving.savedIteration.map { "the last save is of iteration \($0)" } ?? "nothing was saved"
        throw LiaeError(
          failure.status, "\(failure.message); given up at iteration \(task.iteration): \(saved)")
      }
    }
  }

  /// Restores the last save, and sets training up to go on from there with other faces.
  ///
  /// - Returns: why training is given up instead, or nil.
  func rollBack(_ reason: String) throws(LiaeError) -> String? {
    let iteration = task.iteration
    // Only the leader knows of saves; when it gives up, it takes its peers along.
    guard saving.countRollback() || !leads else { return reason }
    let state = try TrainingState(path: folder.state)
    try task.restore(state)
    history = LossHistory(state, sides: history.sides)
    // Other faces than those on which training diverged.
    attempt = attempt < TrainingState.attemptLimit ? attempt + 1 : 0
    isPrepared = false
    log?.rewind(to: task.iteration)
    log?.event("rollback", at: task.iteration, [("from", .integer(iteration)), ("reason", .string(reason))])
    if leads { report(.rolledBack(from: iteration, to: task.iteration, reason: reason)) }
    return nil
  }
}
