// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeSystem

/// Earlier states of a model, the oldest of which make room for new ones.
struct Backups {
  let folder: ModelFolder
  /// How many are kept.
  let count: Int
  /// Nanoseconds and iterations between two; 0: never.
  let pause: Int
  let every: Int
  private var lastTime = monotonicNanoseconds()
  private var lastIteration: Int

  init(folder: ModelFolder, settings: TrainingSettings, iteration: Int) {
    self.folder = folder
    count = settings.session.backups
    pause = settings.autobackupHours * 3_600_000_000_000
    every = settings.session.backupEvery
    lastIteration = iteration
  }

  /// Whether it is time for one; it is taken of a state that has just been saved.
  func isDue(at iteration: Int) -> Bool {
    (pause > 0 && monotonicNanoseconds() - lastTime >= pause) || (every > 0 && iteration - lastIteration >= every)
  }

  /// - Throws: where the folder cannot be written to.
  mutating func take(at iteration: Int) throws(LiaeError) {
    (lastTime, lastIteration) = (monotonicNanoseconds(), iteration)
    try File.makeFolder(folder.backups)
    let number = String(iteration)
    let name = prefix + String(repeating: "0", count: max(0, 9 - number.count)) + number + Self.ending
    let path = "\(folder.backups)/\(name)"
    try File.remove(path)
    try File.keep(folder.state, as: path)
    let all = try File.list(folder.backups).filter { $0.hasPrefix(prefix) && $0.hasSuffix(Self.ending) }
    for old in all.dropLast(count) { try File.remove("\(folder.backups)/\(old)") }
  }

  private var prefix: String { "\(folder.name)_" }
  private static let ending = ".safetensors"
}
