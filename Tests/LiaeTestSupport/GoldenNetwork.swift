// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem

/// A folder of `networks` in a golden set: a network's files and what it computes.
package struct GoldenNetwork: Sendable, CustomStringConvertible {
  /// The program that wrote the files, by its name.
  package enum Kind: String, Sendable, CaseIterable {
    case deepFaceLab = "SAEHD", amp = "AMP", xseg = "XSeg", torch = "PyTorch"
  }

  /// The folder's name.
  package let name: String
  package let folder: String
  /// The value is nil where no file tells.
  package let kind: Kind?
  /// Names of the folder's files.
  package let files: [String]

  package init(_ name: String, in set: GoldenSet) {
    (self.name, folder) = (name, set.path("networks/\(name)"))
    let files = set.files("networks/\(name)")
    self.files = files
    func has(_ part: String) -> Bool { files.contains { $0.contains(part) && $0.hasSuffix(".npy") } }
    if has("_SAEHD_") {
      kind = .deepFaceLab
    } else if has("_AMP_") {
      kind = .amp
    } else if has("XSeg_") {
      kind = .xseg
    } else {
      kind = files.contains { $0.hasSuffix(".pt") } ? .torch : nil
    }
  }

  /// Every folder of the chosen set.
  package static let everything = GoldenSet.chosen.folders("networks").map { GoldenNetwork($0, in: .chosen) }
  package static let deepFaceLab = everything.filter { $0.kind == .deepFaceLab }
  package static let torch = everything.filter { $0.kind == .torch }
  package static let amp = everything.filter { $0.kind == .amp }
  package static let xseg = everything.filter { $0.kind == .xseg }
  /// LIAE and df networks.
  package static let all = deepFaceLab + torch

  /// One of the repository's networks, for tests of something else.
  package static func repository(_ name: String) -> GoldenNetwork { GoldenNetwork(name, in: .repository) }

  package var isTorch: Bool { kind == .torch }
  package var description: String { name }
  package func path(_ file: String) -> String { "\(folder)/\(file)" }

  /// The training checkpoint of the PyTorch flavour, or whatever `.pt` there is.
  package var archive: String? {
    let archives = files.filter { $0.hasSuffix(".pt") }
    return archives.first { $0.hasPrefix("ckpts_") } ?? archives.first
  }

  /// The name of the architecture: of DeepFaceLab's `data.dat`, else of the folder, as `torch-udt` or `liae-ud-96`.
  package var architectureName: String {
    get throws(LiaeError) {
      if let name = try settings?["options"]?["archi"]?.stringValue { return name }
      let parts = name.split(separator: "-").map(String.init)
      let letters = parts.dropFirst().first { $0.allSatisfy { "udtc".contains($0) } }
      return (parts.first == "df" ? "df" : "liae") + (letters.map { "-\($0)" } ?? "")
    }
  }

  /// The contents of DeepFaceLab's `data.dat`; nil where there is none.
  package var settings: PickleValue? {
    get throws(LiaeError) {
      guard let file = files.first(where: { $0.hasSuffix("_data.dat") }) else { return nil }
      return try DeepFaceLabFile.parseData(try Bytes.read(path: path(file)), name: file)
    }
  }

  /// The checkpoint: the DeepFaceLab folder, or the port's `.pt`. What is not in the files, as the port's `u`, is told.
  package func model() throws(LiaeError) -> Model {
    var options = OpenOptions()
    if try settings == nil { options.architecture = try architectureName }
    guard isTorch, let archive else { return try ModelReader.open(path: folder, options: options) }
    return try ModelReader.open(path: path(archive), options: options)
  }

  /// The model of one file of the folder, a `.dfm` for instance.
  package func model(_ file: String) throws(LiaeError) -> Model { try ModelReader.open(path: path(file)) }

  /// The expected arrays.
  package func arrays(_ file: String = "golden.npz") throws -> [String: NPYArray] { try NPZ.read(path(file)) }
}
