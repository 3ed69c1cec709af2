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
  /// A file that asks the process that trains the model to save and to draw now, and that is taken away when it does.
  package var saveRequest: String { "\(path)/\(name)_save_now" }
  package var samples: String { "\(path)/\(name)\(Self.samplesEnding)" }
  package var losses: String { "\(path)/\(name)\(Self.lossesEnding)" }
  package var history: String { "\(path)/\(name)_history" }
  package var backups: String { "\(path)/backups" }

  private static let (samplesEnding, lossesEnding) = ("_samples.png", "_losses.png")

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

  /// Makes the folder, locks the model for this process, and removes files that processes which have ended left
  /// half-written.
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
    try removeAbandoned(in: path) { file in
      [TrainingState.fileEnding, Self.samplesEnding, Self.lossesEnding]
        .contains { File.isAbandonedTemporary(file, of: name + $0) }
    }
    try removeAbandoned(in: backups) { file in
      wholeName(of: file).map { iteration(ofBackup: $0) != nil && File.isAbandonedTemporary(file, of: $0) } ?? false
    }
    try removeAbandoned(in: history) { file in
      wholeName(of: file).map { isPreview($0) && File.isAbandonedTemporary(file, of: $0) } ?? false
    }
    return lock
  }

  private func removeAbandoned(in folder: String, where isOurs: (String) -> Bool) throws(LiaeError) {
    guard File.kind(folder) == .folder else { return }
    for file in try File.list(folder) where isOurs(file) && File.kind("\(folder)/\(file)") == .file {
      try File.remove("\(folder)/\(file)")
    }
  }

  /// Returns what stands before the `.tmp` of a temporary file's name; nil for the name of another file.
  private func wholeName(of temporary: String) -> String? {
    guard let range = temporary.ranges(of: ".tmp").last else { return nil }
    return String(temporary[..<range.lowerBound])
  }
}

// Names with the number of an iteration in them. A name is ours where it is the one that its number gives: what begins like
// one, as the files of the model `NAME_b` do, is not.
extension ModelFolder {
  private static let backupEnding = ".safetensors"

  /// The name of the backup of an iteration: `NAME_000012000.safetensors`.
  func backup(of iteration: Int) -> String { "\(name)_\(Self.digits(iteration))\(Self.backupEnding)" }

  /// The name of the picture of samples that `history` keeps: `000012000.png`.
  func preview(of iteration: Int) -> String { "\(Self.digits(iteration)).png" }

  /// The iteration in the name of a backup of this model; nil for any other file.
  func iteration(ofBackup file: String) -> Int? {
    Self.iteration(file.utf8.dropFirst(name.utf8.count + 1).prefix { $0 != UInt8(ascii: ".") })
      .flatMap { backup(of: $0).isSameFile(as: file) ? $0 : nil }
  }

  private func isPreview(_ file: String) -> Bool {
    Self.iteration(file.utf8.prefix { $0 != UInt8(ascii: ".") }).map { preview(of: $0).isSameFile(as: file) } ?? false
  }

  private static func iteration(_ digits: Substring.UTF8View) -> Int? { Int(String(decoding: digits, as: UTF8.self)) }

  /// Formats the number with at least nine digits.
  private static func digits(_ iteration: Int) -> String {
    let digits = String(iteration)
    return String(repeating: "0", count: max(0, 9 - digits.count)) + digits
  }
}

extension String {
  /// Tells whether two names are the same to a file system: byte for byte, not as texts that only look alike.
  fileprivate func isSameFile(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
