// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeSystem

/// Bytes on disk of a checkpoint.
package enum CheckpointSize {
  /// The folder of a training stands for its state file. A DeepFaceLab model is a set of files: the folder, or any one file of it, stands for all of one name.
  package static func bytes(_ path: String) throws(LiaeError) -> Int {
    let isFolder = File.kind(path) == .folder
    if isFolder, let state = try TrainingState.files(in: path).first {
      return try File(reading: "\(path)/\(state)").length()
    }
    let slash = path.lastIndex(of: "/")
    let name = isFolder ? "" : String(slash.map { path[path.index(after: $0)...] } ?? path[...])
    guard isFolder || belongsToSet(name) else { return try File(reading: path).length() }
    let folder = isFolder ? path : slash.map { String(path[...$0]) } ?? "."
    let prefix = modelName(name)
    var total = 0
    for entry in try File.list(folder) where belongsToSet(entry) && (isFolder || modelName(entry) == prefix) {
      total += try File(reading: "\(folder)/\(entry)").length()
    }
    return total
  }

  private static func belongsToSet(_ name: String) -> Bool { name.hasSuffix(".npy") || name.hasSuffix(".dat") }

  /// Returns what stands before the class of the model and the module: `new` of `new_SAEHD_inter_AB.npy`.
  private static func modelName(_ name: String) -> String {
    let marker = "_SAEHD_"
    return name.indices.last { name[$0...].hasPrefix(marker) }.map { String(name[..<$0]) } ?? name
  }
}
