// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

/// The files of one DeepFaceLab model: `PREFIXencoder.npy` and so on in one folder.
struct DeepFaceLabSet {
  var folder: String
  /// `NAME_SAEHD_` or `NAME_AMP_`, or nothing where files were renamed.
  var prefix: String

  init(folder: String, prefix: String) { (self.folder, self.prefix) = (folder, prefix) }

  /// The set of a name, of which the kind is a part.
  init(folder: String, name: String, kind: DeepFaceLabKind) {
    self.init(folder: folder, prefix: "\(name)_\(kind.rawValue)_")
  }

  static let dataFile = "data.dat"
  /// Files that belong to a model and hold no weights of the network.
  static let companions = [
    "src_dst_opt.npy", "GAN.npy", "GAN_opt.npy", "code_discriminator.npy", "D_code_opt.npy", "summary.txt",
  ]

  func path(_ file: String) -> String { "\(folder)/\(prefix)\(file)" }
  func has(_ file: String) -> Bool { File.kind(path(file)) == .file }

  /// The kind that the prefix names; nil where files were renamed.
  var kind: DeepFaceLabKind? { DeepFaceLabKind.allCases.first { Self.names($0.rawValue, prefix) } }

  /// The trainer of another network that the prefix names.
  var foreignKind: String? { DeepFaceLabKind.foreign.first { Self.names($0, prefix) } }

  private static func names(_ kind: String, _ prefix: String) -> Bool {
    prefix.hasSuffix("_\(kind)_") || prefix == "\(kind)_"
  }

  /// A file of the set that is there, for messages: any one of them stands for the set.
  var representative: String { "\(prefix)\(has(Self.dataFile) ? Self.dataFile : "encoder.npy")" }

  /// The set that `path` belongs to, or nil where its name is none of a set's.
  static func containing(_ path: String) throws(LiaeError) -> DeepFaceLabSet? {
    var folder = "."
    var name = path
    if let slash = path.lastIndex(of: "/") {
      folder = slash == path.startIndex ? "/" : String(path[..<slash])
      name = String(path[path.index(after: slash)...])
    }
    return try prefix(of: name, endings()).map { DeepFaceLabSet(folder: folder, prefix: $0) }
  }

  /// All sets of a folder that have an encoder or data file, of every kind, sorted.
  static func all(in folder: String) throws(LiaeError) -> [DeepFaceLabSet] {
    let endings = try endings()
    var prefixes: Set<String> = []
    for name in try File.list(folder) where name.hasSuffix("encoder.npy") || name.hasSuffix(dataFile) {
      if let prefix = prefix(of: name, endings) { prefixes.insert(prefix) }
    }
    return prefixes.sorted().map { DeepFaceLabSet(folder: folder, prefix: $0) }.filter { $0.foreignKind == nil }
  }

  /// The file of a module's weights.
  static func weightFile(_ module: String) -> String { "\(module).npy" }

  /// Endings of the names of a set's files, the longest first: `src_dst_opt.npy` and `GAN_opt.npy` end in others'
  /// names.
  private static func endings() throws(LiaeError) -> [String] {
    let endings = try companions + [dataFile] + Architecture.Family.allModules().map(weightFile)
    return endings.sorted { $0.count > $1.count }
  }

  private static func prefix(of name: String, _ endings: [String]) -> String? {
    for ending in endings where name.hasSuffix(ending) {
      let prefix = String(name.dropLast(ending.count))
      if prefix.isEmpty || prefix.hasSuffix("_") { return prefix }
    }
    // XSeg's weights have their size in the name: XSeg_256.npy.
    return name.hasPrefix("XSeg_") && name.hasSuffix(".npy") ? "XSeg_" : nil
  }
}
