// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Tracks when the next save is due, and what was saved last.
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

  init(folder: ModelFolder, settings: some ModelSettings, iteration: Int) {
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
