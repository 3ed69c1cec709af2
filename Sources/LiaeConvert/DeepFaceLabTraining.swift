// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTensor

/// What a DeepFaceLab model folder holds beside the weights of the network: with it training goes on where it was left.
package struct DeepFaceLabTraining: Sendable {
  /// DeepFaceLab's options by its names, as `random_warp`.
  package var options: [(key: String, value: PickleValue)] = []
  /// Iterations done; 0 where there is no data file.
  package var iteration = 0
  /// A pair for each iteration.
  package var losses: [(source: Float, destination: Float)] = []
  /// Files of tensors by their names behind the model's: `src_dst_opt.npy` and so on, those that are there. Tensors are
  /// under the names of the files, as `ms_encoder/down1/downs_0/conv1/weight_0:0`.
  package var files: [String: TensorDictionary] = [:]
  /// Optimiser of the network; the adversaries and their optimisers.
  package static let fileNames = [
    "src_dst_opt.npy", "GAN.npy", "GAN_opt.npy", "code_discriminator.npy", "D_code_opt.npy",
  ]

  package init() {}

  /// The names of the SAEHD models in a folder. AMP models are not trained here.
  package static func names(in folder: String) throws(LiaeError) -> [String] {
    try sets(in: folder).map { set in
      set.prefix.hasSuffix(ending) ? String(set.prefix.dropLast(ending.count)) : set.prefix
    }
  }

  /// A file of a model, by which `ModelReader` opens it.
  package static func representative(of name: String, in folder: String) throws(LiaeError) -> String? {
    try set(of: name, in: folder).map { $0.path($0.has("encoder.npy") ? "encoder.npy" : DeepFaceLabSet.dataFile) }
  }

  /// - Throws: `fileNotFound` where there is no such model; what reading its files throws.
  package init(folder: String, name: String) throws(LiaeError) {
    guard let set = try Self.set(of: name, in: folder) else {
      throw LiaeError(.fileNotFound, "\(folder): holds no DeepFaceLab model \"\(name)\"")
    }
    if set.has(DeepFaceLabSet.dataFile) {
      let path = set.path(DeepFaceLabSet.dataFile)
      let data = try DeepFaceLabFile.parseData(try Bytes.read(path: path), name: path)
      for (key, value) in data["options"]?.pairs ?? [] {
        if let key = key.stringValue { options.append((key, value)) }
      }
      iteration = max(0, data["iter"]?.intValue ?? 0)
      for entry in data["loss_history"]?.elements ?? [] {
        guard let pair = entry.elements, pair.count == 2, let source = pair[0].doubleValue,
          let destination = pair[1].doubleValue
        else { throw LiaeError(.corruptFile, "\(path): loss_history holds \(entry.kind); expected pairs of floats") }
        losses.append((Float(source), Float(destination)))
      }
    }
    for file in Self.fileNames where set.has(file) {
      files[file] = try DeepFaceLabFile.parseWeights(try Bytes.read(path: set.path(file)), name: set.path(file))
    }
  }

  private static let ending = "_\(DeepFaceLabKind.saehd.rawValue)_"

  private static func sets(in folder: String) throws(LiaeError) -> [DeepFaceLabSet] {
    try DeepFaceLabSet.all(in: folder).filter { $0.kind != .amp }
  }

  private static func set(of name: String, in folder: String) throws(LiaeError) -> DeepFaceLabSet? {
    try sets(in: folder).first { $0.prefix == name + ending || $0.prefix == name }
  }
}
