// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Backups of a model's state at intervals of time or iterations, the oldest of which make room for new ones.
package struct BackupRotation {
  private let folder: ModelFolder
  /// How many backups are kept.
  private let count: Int
  /// Nanoseconds and iterations between two backups; 0: none at such an interval.
  private let pause: Int
  private let every: Int
  private var lastTime: Int
  private var lastIteration: Int

  private static let ending = ".safetensors"

  /// - Parameters:
  ///   - iteration: that of the model now.
  ///   - now: the time, nanoseconds of a monotonic clock.
  package init(folder: ModelFolder, settings: TrainingSettings, iteration: Int, now: Int = monotonicNanoseconds()) {
    self.folder = folder
    count = settings.session.backups
    pause = settings.autobackupHours * 3_600_000_000_000
    every = settings.session.backupEvery
    (lastTime, lastIteration) = (now, iteration)
  }

  /// Whether it is time for a backup.
  package func isDue(at iteration: Int, now: Int = monotonicNanoseconds()) -> Bool {
    (pause > 0 && now - lastTime >= pause) || (every > 0 && iteration - lastIteration >= every)
  }

  /// Keeps the state file, which has just been saved, as the backup of `iteration`, and removes the oldest backups past
  /// `count`. Backups of later iterations are those of an earlier training and count as older.
  ///
  /// - Throws: where the folder cannot be written to.
  package mutating func take(at iteration: Int, now: Int = monotonicNanoseconds()) throws(LiaeError) {
    (lastTime, lastIteration) = (now, iteration)
    try File.makeFolder(folder.backups)
    let digits = String(iteration)
    let name = prefix + String(repeating: "0", count: max(0, 9 - digits.count)) + digits + Self.ending
    let path = "\(folder.backups)/\(name)"
    try File.remove(path)
    try File.keep(folder.state, as: path)
    let all = try File.list(folder.backups).compactMap { file in self.iteration(of: file).map { (file, $0) } }
    let oldestFirst = all.sorted { ($0.1 <= iteration ? 1 : 0, $0.1) < ($1.1 <= iteration ? 1 : 0, $1.1) }
    for (old, _) in oldestFirst.dropLast(count) { try File.remove("\(folder.backups)/\(old)") }
  }

  private var prefix: String { "\(folder.name)_" }

  /// The iteration in the name of a backup of this model; nil for any other file, such as those of `NAME_b`.
  private func iteration(of file: String) -> Int? {
    guard file.hasPrefix(prefix), file.hasSuffix(Self.ending) else { return nil }
    let digits = file.dropFirst(prefix.count).dropLast(Self.ending.count)
    return digits.count >= 9 && digits.allSatisfy { ("0"..."9").contains($0) } ? Int(digits) : nil
  }
}
