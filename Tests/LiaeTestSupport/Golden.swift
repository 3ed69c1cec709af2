// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeSystem

/// The golden networks of `Tests/golden/networks`, described in its README.
package struct GoldenNetwork: Sendable, CustomStringConvertible {
  /// The folder's name.
  package let name: String

  package static let deepFaceLab = [
    "df", "df-ud", "liae", "liae-d", "liae-dt", "liae-t", "liae-u", "liae-uc", "liae-ud", "liae-udt", "liae-udtc",
    "liae-ut",
  ].map { GoldenNetwork(name: $0) }
  package static let torch = [
    "torch", "torch-d", "torch-dt", "torch-t", "torch-u", "torch-ud", "torch-udt", "torch-ut",
  ].map { GoldenNetwork(name: $0) }
  package static let all = deepFaceLab + torch
  /// Those with an exported graph beside their weights.
  package static let exported = all.filter { ["df-ud", "liae-ud", "liae-udt"].contains($0.name) }
  /// Those whose graph was also exported in float16.
  package static let quantized = all.filter { ["liae-ud", "liae-udt"].contains($0.name) }

  package var isTorch: Bool { name.hasPrefix("torch") }
  package var description: String { name }

  /// What the network is, from the README and not from the files.
  package var architecture: Architecture {
    let parts = name.split(separator: "-")
    return Architecture(
      family: parts[0] == "df" ? .df : .liae, flavour: isTorch ? .torch : .dfl,
      options: parts.count > 1 ? String(parts[1]) : "", resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4)
  }

  /// `Tests/golden`, found from where this file was compiled.
  package static let root: String = {
    let file = #filePath
    let tests = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    return "\(tests)/golden"
  }()

  package var folder: String { "\(Self.root)/networks/\(name)" }
  package func path(_ file: String) -> String { "\(folder)/\(file)" }

  /// The checkpoint: the DeepFaceLab folder, or the port's `.pt`, told of the `u` that its files cannot hold.
  package func model() throws(LiaeError) -> Model {
    var options = OpenOptions()
    if isTorch { options.architecture = architecture.name }
    return try ModelReader.open(path: isTorch ? path("ckpts_7.pt") : folder, options: options)
  }

  /// The model of one file of the folder, a `.dfm` for instance.
  package func model(_ file: String) throws(LiaeError) -> Model { try ModelReader.open(path: path(file)) }

  /// The expected arrays.
  package func arrays(_ file: String = "golden.npz") throws -> [String: NPYArray] { try NPZ.read(path(file)) }
}
