// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem

extension TrainingState {
  /// The ending of the name of a model's state file, after the model's own name.
  package static let fileEnding = "_liae-train.safetensors"

  /// The names of the state files in a folder, sorted.
  ///
  /// - Throws: `inputOutput`, `fileNotFound`.
  package static func files(in folder: String) throws(LiaeError) -> [String] {
    try File.list(folder).filter { $0.hasSuffix(fileEnding) && File.kind("\(folder)/\($0)") == .file }
  }
}

extension ModelReader {
  /// Opens the one model of a folder: the state of a training with liae-train, or the files of a DeepFaceLab model.
  ///
  /// - Throws: `invalidArgument` naming the models where there are several; `unknownFormat` where there is none.
  static func open(folder: String, options: OpenOptions) throws(LiaeError) -> Model {
    let states = try TrainingState.files(in: folder)
    guard let state = states.first else { return try openDeepFaceLab(folder: folder, options: options) }
    let sets = try DeepFaceLabSet.all(in: folder).filter { $0.kind != .xseg }
    guard states.count == 1, sets.isEmpty else {
      let names = states + sets.map(\.representative)
      throw LiaeError(
        .invalidArgument,
        "\(folder): holds \(names.count) models; open one file of the one that is meant: "
          + names.joined(separator: ", "))
    }
    return try open(CheckpointFile(path: "\(folder)/\(state)"), options: options)
  }
}
