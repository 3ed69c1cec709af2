// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeConvert
import LiaeSystem

/// Where a model that is trained lives, and what its files are called.
struct ModelFolder {
  let path: String
  let name: String

  private static let ending = "_liae-train.safetensors"

  /// Weights, the optimiser's memory, settings and losses: all of the model, in one file.
  var state: String { "\(path)/\(name)\(Self.ending)" }
  var log: String { "\(path)/\(name)_log.jsonl" }
  var lockFile: String { "\(path)/\(name)_liae-train.lock" }
  var samples: String { "\(path)/\(name)_samples.png" }
  var losses: String { "\(path)/\(name)_losses.png" }
  var history: String { "\(path)/\(name)_history" }
  var backups: String { "\(path)/backups" }

  var hasState: Bool { File.kind(state) == .file }

  /// - Parameter name: nil where the folder is to tell: by its one model of ours, else by its one of DeepFaceLab's, else
  ///   it is `model`.
  /// - Throws: `Failure` where it is no folder, or holds several models.
  init(_ path: String, name: String?) throws {
    self.path = path
    try File.requireFolder(path)
    if let name {
      guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
        throw Failure(.usage, "--name is \"\(name)\"; expected a file name")
      }
      self.name = name
      return
    }
    let files = File.kind(path) == .folder ? try File.list(path) : []
    let own = files.filter { $0.hasSuffix(Self.ending) }.map { String($0.dropLast(Self.ending.count)) }
    let foreign = own.isEmpty && !files.isEmpty ? try DeepFaceLabTraining.names(in: path) : []
    let names = own + foreign
    guard names.count <= 1 else {
      throw Failure(
        .usage, "\(path): holds \(names.count) models; --name tells which: \(names.joined(separator: ", "))")
    }
    self.name = names.first ?? "model"
  }

  /// Makes the folder, takes the model for this process, and clears away what an earlier one left half-written.
  ///
  /// - Throws: `Failure` where another process trains it; where the folder cannot be made or written to.
  func take() throws -> FileLock {
    try File.makeFolder(path)
    let lock: FileLock
    do throws(LiaeError) { lock = try FileLock(lockFile) } catch {
      throw error.status == .busy ? Failure(.files, "\(state): another liae-train is training this model") : error
    }
    for file in try File.list(path) where file.hasPrefix("\(name)_") && file.contains(".tmp") {
      try File.remove("\(path)/\(file)")
    }
    return lock
  }
}
