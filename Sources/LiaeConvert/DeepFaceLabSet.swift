// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

/// The files of one DeepFaceLab model: `PREFIXencoder.npy` and so on in one folder.
struct DeepFaceLabSet {
  var folder: String
  /// `NAME_SAEHD_`, or nothing where files were renamed.
  var prefix: String

  static let dataFile = "data.dat"
  /// Files that belong to a model and hold no weights of the network.
  static let companions = [
    "src_dst_opt.npy", "GAN.npy", "GAN_opt.npy", "code_discriminator.npy", "D_code_opt.npy", "summary.txt",
  ]
  static let weightFiles = ModelReader.modules.map { "\($0).npy" }

  func path(_ file: String) -> String { "\(folder)/\(prefix)\(file)" }
  func has(_ file: String) -> Bool { File.kind(path(file)) == .file }

  /// A file of the set that is there, for messages: any one of them stands for the set.
  var representative: String { "\(prefix)\(has(Self.dataFile) ? Self.dataFile : "encoder.npy")" }

  /// The set that `path` belongs to, or nil where its name is none of a set's.
  static func containing(_ path: String) -> DeepFaceLabSet? {
    var folder = "."
    var name = path
    if let slash = path.lastIndex(of: "/") {
      folder = slash == path.startIndex ? "/" : String(path[..<slash])
      name = String(path[path.index(after: slash)...])
    }
    return prefix(of: name).map { DeepFaceLabSet(folder: folder, prefix: $0) }
  }

  /// All sets of a folder that have an encoder or data file, sorted.
  static func all(in folder: String) throws(LiaeError) -> [DeepFaceLabSet] {
    var prefixes: Set<String> = []
    for name in try File.list(folder) where name.hasSuffix("encoder.npy") || name.hasSuffix(dataFile) {
      if let prefix = prefix(of: name), !isForeign(prefix) { prefixes.insert(prefix) }
    }
    return prefixes.sorted().map { DeepFaceLabSet(folder: folder, prefix: $0) }
  }

  /// Sets of DeepFaceLab's other models, which have files of the same endings.
  static func isForeign(_ prefix: String) -> Bool { foreignKind(prefix) != nil }

  static func foreignKind(_ prefix: String) -> String? {
    ["AMP", "Quick96", "XSeg"].first { prefix.hasSuffix("_\($0)_") || prefix == "\($0)_" }
  }

  private static func prefix(of name: String) -> String? {
    // The longest ending first: `src_dst_opt.npy` and `GAN_opt.npy` end in others' names.
    let endings = (weightFiles + companions + [dataFile]).sorted { $0.count > $1.count }
    for ending in endings where name.hasSuffix(ending) {
      let prefix = String(name.dropLast(ending.count))
      if prefix.isEmpty || prefix.hasSuffix("_") { return prefix }
    }
    // XSeg's weights have their size in the name: XSeg_256.npy.
    return name.hasPrefix("XSeg_") && name.hasSuffix(".npy") ? "XSeg_" : nil
  }
}

extension ModelInfo {
  /// DeepFaceLab's letters and our words.
  static let faceTypes: [(letters: String, name: String)] = [
    ("h", "half_face"), ("mf", "midfull_face"), ("f", "full_face"), ("wf", "whole_face"),
    ("head", "head"),
  ]
}
