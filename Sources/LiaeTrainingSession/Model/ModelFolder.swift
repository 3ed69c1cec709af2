// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeSystem

/// The folder of a model that is being trained, and the names of its files.
package struct ModelFolder: Sendable {
  package let path: String
  package let name: String

  /// The state file: weights, optimiser moments, settings and losses.
  package var state: String { "\(path)/\(name)\(TrainingState.fileEnding)" }
  package var log: String { "\(path)/\(name)_log.jsonl" }
  package var lockFile: String { "\(path)/\(name)_liae-train.lock" }
  package var samples: String { "\(path)/\(name)_samples.png" }
  package var losses: String { "\(path)/\(name)_losses.png" }
  package var history: String { "\(path)/\(name)_history" }
  package var backups: String { "\(path)/backups" }

  package var hasState: Bool { File.kind(state) == .file }

  /// - Parameter name: nil where the folder is to tell: by its one model of liae-train, else by its one of DeepFaceLab,
  ///   else it is `model`.
  /// - Throws: `inputOutput` where `path` is no folder; `invalidArgument` where it holds several models, or for a name
  ///   that is no file name.
  package init(_ path: String, name: String?) throws(LiaeError) {
    self.path = path
    if let kind = File.kind(path), kind != .folder {
      throw LiaeError(.inputOutput, "\(path): is a file; expected the folder of a model")
    }
    if let name {
      guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
        throw LiaeError(.invalidArgument, "--name is \"\(name)\"; expected a file name")
      }
      self.name = name
      return
    }
    let exists = File.kind(path) == .folder
    let own =
      exists ? try TrainingState.files(in: path).map { String($0.dropLast(TrainingState.fileEnding.count)) } : []
    let foreign = own.isEmpty && exists ? try DeepFaceLabTraining.names(in: path) : []
    let names = own + foreign
    guard names.count <= 1 else {
      throw LiaeError(
        .invalidArgument,
        "\(path): holds \(names.count) models; --name tells which: \(names.joined(separator: ", "))")
    }
    self.name = names.first ?? "model"
  }

  /// The state file that `path` stands for: that of the folder's one model, where it is a folder of liae-train's; nil
  /// for anything else.
  ///
  /// - Throws: as `init`.
  package static func state(in path: String) throws(LiaeError) -> String? {
    guard File.kind(path) == .folder else { return nil }
    let folder = try ModelFolder(path, name: nil)
    return folder.hasState ? folder.state : nil
  }

  /// Makes the folder, locks the model for this process, and removes files that an earlier one left half-written.
  ///
  /// - Throws: `busy` where another process trains the model; `inputOutput` where the folder cannot be made or written
  ///   to.
  package func lock() throws(LiaeError) -> FileLock {
    try File.makeFolder(path)
    let lock: FileLock
    do throws(LiaeError) { lock = try FileLock(lockFile) } catch {
      throw error.status == .busy
        ? LiaeError(.busy, "\(state): another liae-train is training this model") : error
    }
    for file in try File.list(path) where isTemporary(file) { try File.remove("\(path)/\(file)") }
    return lock
  }

  /// Whether `file` is what `File.writeAtomically` left of one of this model's files: its name, `.tmp` and digits.
  private func isTemporary(_ file: String) -> Bool {
    [state, samples, losses].contains { whole in
      let prefix = whole.dropFirst(path.count + 1) + ".tmp"
      return file.hasPrefix(prefix) && file.dropFirst(prefix.count).allSatisfy { ("0"..."9").contains($0) }
    }
  }
}
