// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeSystem
import LiaeText
import LiaeTrain

/// When the next save is due, and what was saved last.
struct SaveSchedule {
  var backups: BackupRotation
  private(set) var savedIteration: Int?
  /// Rollbacks since the last save.
  private(set) var rollbacks = 0
  private let pause: Int
  private var next = Int.max

  /// Rollbacks to one save after which training is given up.
  static let rollbacksAllowed = 3
  private static let minute = 60_000_000_000

  init(folder: ModelFolder, settings: TrainingSettings, iteration: Int) {
    backups = BackupRotation(folder: folder, settings: settings, iteration: iteration)
    pause = Int(Double(settings.session.saveEvery) * Double(Self.minute))
  }

  var isDue: Bool { monotonicNanoseconds() >= next }

  mutating func noteSaved(at iteration: Int) { (savedIteration, rollbacks) = (iteration, 0) }
  mutating func restart() { next = pause > 0 ? monotonicNanoseconds() + pause : .max }
  mutating func retryInAMinute() { next = monotonicNanoseconds() + Self.minute }

  /// Counts a rollback; false where training is to be given up.
  mutating func countRollback() -> Bool {
    rollbacks += 1
    return rollbacks <= Self.rollbacksAllowed
  }
}

extension TrainingSession {
  func saveIfDue() {
    guard leads else { return }
    let backupIsDue = saving.backups.isDue(at: trainer.iteration)
    guard backupIsDue || saving.isDue else { return }
    do throws(LiaeError) {
      try save()
      saving.restart()
      if backupIsDue { try saving.backups.take(at: trainer.iteration) }
    } catch {
      saving.retryInAMinute()
      report(.saveFailed(error))
    }
  }

  func save() throws(LiaeError) {
    if leads {
      try TrainingState(of: trainer, settings: settings, history: history, attempt: attempt, name: folder.state)
        .write(to: folder.state)
    }
    saving.noteSaved(at: trainer.iteration)
  }

  func saveAtTheEnd() throws(LiaeError) {
    if saving.savedIteration != trainer.iteration { try save() }
  }

  /// Restores the last save, and sets training up to go on from there with other faces.
  ///
  /// - Returns: why training is given up instead, or nil.
  func rollBack(_ reason: String) throws(LiaeError) -> String? {
    let iteration = trainer.iteration
    // Only the leader knows of saves; when it gives up, it takes its peers along.
    guard saving.countRollback() || !leads else { return reason }
    let state = try TrainingState(path: folder.state)
    try trainer.restore(state)
    history = LossHistory(state)
    // Other faces than those that led astray.
    attempt += 1
    phase = nil
    try log?.rewind(to: trainer.iteration)
    log?.event("rollback", at: trainer.iteration, [("from", .integer(iteration)), ("reason", .string(reason))])
    if leads { report(.rolledBack(from: iteration, to: trainer.iteration, reason: reason)) }
    return nil
  }
}
