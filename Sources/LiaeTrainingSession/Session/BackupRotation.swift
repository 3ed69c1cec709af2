// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Backups of a model's state at intervals of time or iterations, the oldest of which make room for new ones.
package struct BackupRotation {
  private let folder: ModelFolder
  /// The number of backups that are kept.
  private let count: Int
  /// Nanoseconds and iterations between two backups; 0: none at such an interval.
  private let pause: Int
  private let every: Int
  private var lastTime: Int
  private var lastIteration: Int

  /// - Parameters:
  ///   - iteration: that of the model now.
  ///   - now: the time, nanoseconds of a monotonic clock.
  package init(folder: ModelFolder, settings: some ModelSettings, iteration: Int, now: Int = monotonicNanoseconds()) {
    self.folder = folder
    count = settings.session.backups
    pause = settings.autobackupHours * 3_600_000_000_000
    every = settings.session.backupEvery
    (lastTime, lastIteration) = (now, iteration)
  }

  /// Tells whether it is time for a backup.
  package func isDue(at iteration: Int, now: Int = monotonicNanoseconds()) -> Bool {
    (pause > 0 && now - lastTime >= pause) || (every > 0 && iteration - lastIteration >= every)
  }

  /// Keeps the state file, which has just been saved, as the backup of `iteration`, and removes the oldest backups past
  /// `count`. Backups of later iterations are those of an earlier training and count as older.
  ///
  /// - Throws: where the folder cannot be written to. An earlier backup of the same iteration stays then.
  package mutating func take(at iteration: Int, now: Int = monotonicNanoseconds()) throws(LiaeError) {
    (lastTime, lastIteration) = (now, iteration)
    try File.makeFolder(folder.backups)
    let path = "\(folder.backups)/\(folder.backup(of: iteration))"
    let temporary = File.temporaryPath(path)
    // Of an attempt that failed.
    try File.remove(temporary)
    try File.keep(folder.state, as: temporary)
    try File.move(temporary, to: path)
    // Renaming one name of a file over another name of it does nothing.
    try File.remove(temporary)
    let all = try File.list(folder.backups).compactMap { file in folder.iteration(ofBackup: file).map { (file, $0) } }
    let oldestFirst = all.sorted { ($0.1 <= iteration ? 1 : 0, $0.1) < ($1.1 <= iteration ? 1 : 0, $1.1) }
    for (old, _) in oldestFirst.dropLast(count) { try File.remove("\(folder.backups)/\(old)") }
  }
}
