// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

/// The files of one DeepFaceLab model: `PREFIXencoder.npy` and so on in one folder; of XSeg, of which a folder holds one
/// beside the model that swaps, `XSeg_256.npy`.
struct DeepFaceLabSet {
  var folder: String
  /// `NAME_SAEHD_`, `NAME_AMP_` or `XSeg_`, or nothing where files were renamed.
  var prefix: String

  init(folder: String, prefix: String) { (self.folder, self.prefix) = (folder, prefix) }

  /// The set of a name, of which the kind is a part.
  init(folder: String, name: String, kind: DeepFaceLabKind) {
    self.init(folder: folder, prefix: kind == .xseg ? "\(kind.rawValue)_" : "\(name)_\(kind.rawValue)_")
  }

  static let dataFile = "data.dat"
  /// Files that belong to a model and hold no weights of the network.
  static let companions = [
    "src_dst_opt.npy", "GAN.npy", "GAN_opt.npy", "code_discriminator.npy", "D_code_opt.npy", "256_opt.npy",
    "summary.txt",
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
  var representative: String {
    "\(prefix)\(has(Self.dataFile) ? Self.dataFile : has(Self.segmentationFile) ? Self.segmentationFile : "encoder.npy")"
  }

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

  /// All sets of a folder that have an encoder or data file, sorted; XSeg's only where there is no other.
  static func all(in folder: String) throws(LiaeError) -> [DeepFaceLabSet] {
    let endings = try endings()
    var prefixes: Set<String> = []
    for name in try File.list(folder)
    where name.hasSuffix("encoder.npy") || name.hasSuffix(dataFile) || name.hasSuffix("_\(segmentationFile)") {
      if let prefix = prefix(of: name, endings) { prefixes.insert(prefix) }
    }
    let sets = prefixes.sorted().map { DeepFaceLabSet(folder: folder, prefix: $0) }.filter { $0.foreignKind == nil }
    let swapping = sets.filter { $0.kind != .xseg }
    return swapping.isEmpty ? sets : swapping
  }

  /// The file of a module's weights.
  static func weightFile(_ module: String) -> String {
    module == Architecture.Family.xseg.rawValue ? segmentationFile : "\(module).npy"
  }

  /// The file of XSeg's weights, behind the prefix: its number is the resolution, and DeepFaceLab has no other.
  static let segmentationFile = "256.npy"

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
    return nil
  }
}
