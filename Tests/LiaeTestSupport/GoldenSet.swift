// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A folder of golden data, laid out as `Tests/golden/README.md` describes.
package struct GoldenSet: Sendable {
  /// The parts of a set, each with the files of which it has one at least; `*` is any text without a slash.
  package static let parts: [(name: String, files: [String])] = [
    ("networks", ["*/golden.npz", "*.npz"]),
    ("merge", ["cases.json", "landmarks_processor.npz", "color_transfer.npz"]),
    ("merge_xseg", ["cases.json"]), ("faces", ["faces.json"]), ("faces_xseg", ["faces_xseg.json"]),
    ("losses", ["dssim_*.npz", "gaussian_blur.npz", "blur_out_mask.npz", "style_tv.npz", "leras_ops.npz"]),
    ("warp", ["samples.json", "warp_*.npz"]),
    ("training", ["*_*.npz", "*/*_opt.npy"]),
  ]

  package let root: String

  /// `Tests/golden`, found from where this file was compiled: where tests take a particular file from.
  package static let repository = GoldenSet(root: "\(package)/Tests/golden")

  /// The data that golden tests compare with: the folder that the variable LIAE_GOLDEN names, absolute or relative to
  /// the package; without it the repository's.
  package static let chosen: GoldenSet = {
    guard let name = ProcessInfo.processInfo.environment["LIAE_GOLDEN"], !name.isEmpty else { return repository }
    return GoldenSet(root: name.hasPrefix("/") ? name : "\(package)/\(name)")
  }()

  private static let package: String = {
    let file = #filePath
    return file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
  }()

  package func path(_ name: String) -> String { "\(root)/\(name)" }

  /// Tells whether a file or folder is there.
  package func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  /// Tells whether a file is there whose path fits a pattern of `parts`.
  package func hasFile(_ pattern: String) -> Bool {
    pattern.split(separator: "/").reduce([""]) { (folders: [String], part) in
      let ends = part.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
      return folders.flatMap { folder in
        names(folder).filter {
          ends.count == 1 ? $0 == ends[0] : $0.hasPrefix(ends[0]) && $0.hasSuffix(ends[ends.count - 1])
        }.map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
      }
    }.isEmpty == false
  }

  /// Names of the files in `folder` with this beginning and end, sorted; none where there is no such folder.
  package func files(_ folder: String, prefix: String = "", suffix: String = "") -> [String] {
    names(folder).filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) && !Self.isFolder(path("\(folder)/\($0)")) }
  }

  /// Names of the folders in `folder`, sorted.
  package func folders(_ folder: String) -> [String] {
    names(folder).filter { Self.isFolder(path("\(folder)/\($0)")) }
  }

  /// The arrays of `NAME.npz`.
  package func arrays(_ name: String) throws -> [String: NPYArray] { try NPZ.read(path("\(name).npz")) }

  /// Decodes the contents of a JSON file.
  package func decoded<T: Decodable>(_ type: T.Type, _ name: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// The cases that a JSON file lists by name, sorted by their names.
  ///
  /// - Parameter name: where a case keeps its name.
  package func cases<Case: Decodable>(_ file: String, name: WritableKeyPath<Case, String>) throws -> [Case] {
    try decoded([String: Case].self, file).sorted { $0.key < $1.key }.map { key, value in
      var value = value
      value[keyPath: name] = key
      return value
    }
  }

  private func names(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path(folder))) ?? []).filter { !$0.hasPrefix(".") }.sorted()
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips where the chosen set lacks one of these files or folders.
  package static func golden(_ names: String...) -> Self {
    let missing = names.filter { !GoldenSet.chosen.has($0) }
    return .enabled(if: missing.isEmpty, "\(GoldenSet.chosen.root) has no \(missing.joined(separator: ", "))")
  }

  /// Skips, and names what the chosen set holds that no test reads.
  package static func unread(_ names: [String]) -> Self {
    .disabled(if: !names.isEmpty, "no test reads \(names.joined(separator: ", "))")
  }

  /// Skips where the chosen set has none of the optional `things`.
  package static func having(_ count: Int, _ things: String) -> Self {
    .enabled(if: count > 0, "\(GoldenSet.chosen.root) has no \(things)")
  }
}
