// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

/// An exported graph beside the weights of a golden network, and what it computes.
package struct GoldenExport: Sendable, CustomStringConvertible {
  package let network: GoldenNetwork
  /// The `.dfm`.
  package let file: String
  /// True if it was exported in half precision, as `NAME_fp16.dfm`.
  package let isQuantized: Bool
  /// The file with its own outputs, where those are not the network's.
  private let values: String?

  package var description: String { "\(network)/\(file)" }

  private init(_ file: String, of network: GoldenNetwork) {
    (self.file, self.network) = (file, network)
    let own = "\(file.dropLast(4)).npz"
    values = own != "golden.npz" && network.files.contains(own) ? own : nil
    isQuantized = file.contains("fp16")
  }

  /// Every export of LIAE and df networks in the chosen set.
  package static let all = exports(of: GoldenNetwork.deepFaceLab)
  package static let exact = all.filter { !$0.isQuantized }
  package static let quantized = all.filter(\.isQuantized)
  /// The exports of AMP networks, whose outputs depend on the morph value.
  package static let amp = exports(of: GoldenNetwork.amp)

  private static func exports(of networks: [GoldenNetwork]) -> [GoldenExport] {
    networks.flatMap { network in
      network.files.filter { $0.hasSuffix(".dfm") }.map { GoldenExport($0, of: network) }
    }
  }

  package func model() throws(LiaeError) -> Model { try network.model(file) }

  /// Input pictures, and what the outputs `rgb`, `mask` and `destinationMask` are to be for them.
  package func arrays() throws -> (input: NPYArray, rgb: NPYArray, mask: NPYArray, destinationMask: NPYArray) {
    let arrays = try network.arrays(values ?? "golden.npz")
    func array(_ name: String, _ other: String) throws -> NPYArray {
      guard let array = arrays[name] ?? arrays[other] else {
        throw NPZ.Malformed(what: "\(self): no array \(name) or \(other)")
      }
      return array
    }
    return (
      try array("input", "in_face"), try array("out_celeb_face", "swap_rgb"),
      try array("out_celeb_face_mask", "swap_mask"), try array("out_face_mask", "dst_mask")
    )
  }
}
