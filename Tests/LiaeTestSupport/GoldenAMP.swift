// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

/// An AMP network of a golden set, in its checkpoint or in an export, and what it computes at each morph that is stored.
package struct GoldenAMP: Sendable, CustomStringConvertible {
  /// Pictures of one kind, one for each face.
  package struct Pictures: Sendable {
    package var values: [[Float]]
    /// The greatest error of how they are stored: float32, or 16-bit integers of 65535 steps.
    package var rounding: Double
  }

  package struct Morph: Sendable {
    package var value: Float
    package var rgb, mask: Pictures
  }

  package struct Outputs: Sendable {
    /// Destination faces, (H, W, 3) in 0...1, blue first.
    package var faces: [[Float]]
    package var morphs: [Morph]
    /// The mask of the destination's reconstruction.
    package var destinationMask: Pictures
  }

  package let network: GoldenNetwork
  /// The `.dfm`; nil: the checkpoint.
  package let file: String?

  package var description: String { file.map { "\(network)/\($0)" } ?? network.description }
  /// True if it was exported in half precision, and has outputs of its own.
  package var isQuantized: Bool { file?.contains("fp16") == true }

  /// Every AMP network of the chosen set, and every export of one.
  package static let all = GoldenNetwork.amp.flatMap { network in
    [GoldenAMP(network: network, file: nil)]
      + network.files.filter { $0.hasSuffix(".dfm") }.map { GoldenAMP(network: network, file: $0) }
  }

  package func model() throws(LiaeError) -> Model {
    if let file { return try network.model(file) }
    return try network.model()
  }

  /// - Throws: `NPZ.Malformed` where an array is missing or no morph is stored.
  package func outputs() throws -> Outputs {
    let checkpoint = try network.arrays()
    let arrays = isQuantized ? try network.arrays("\((file ?? "").dropLast(4)).npz") : checkpoint
    func pictures(_ name: String) throws -> Pictures {
      if let array = arrays[name] { return Pictures(values: array.items, rounding: 0) }
      guard let array = arrays["\(name)_u16"] else { throw NPZ.Malformed(what: "\(self): no array \(name)") }
      return Pictures(values: array.items.map { $0.map { $0 / 65535 } }, rounding: 0.5 / 65535)
    }
    let (rgb, mask, destinationMask) =
      isQuantized
      ? ("out_celeb_face_m", "out_celeb_face_mask_m", "out_face_mask") : ("swap_rgb_m", "swap_mask_m", "dst_dst_mask")
    let names = Set(
      // Masks have names that begin alike and go on without a number.
      arrays.keys.filter { $0.hasPrefix(rgb) }.map { String($0.dropFirst(rgb.count).prefix { $0 != "_" }) }
        .filter { Double($0) != nil }
    ).sorted()
    guard let faces = checkpoint["dst_u8"], !names.isEmpty, names.count == arrays["morphs"]?.doubles.count else {
      throw NPZ.Malformed(what: "\(self): no faces, or no pictures at the morphs that it states")
    }
    let morphs = try names.map { name in
      guard let value = Float(name) else { throw NPZ.Malformed(what: "\(self): morph \(name)") }
      return Morph(value: value, rgb: try pictures(rgb + name), mask: try pictures(mask + name))
    }
    return Outputs(
      faces: faces.items.map { $0.map { $0 / 255 } }, morphs: morphs, destinationMask: try pictures(destinationMask))
  }
}

extension NPYArray {
  /// The entries of the first axis, flat.
  fileprivate var items: [[Float]] { (0..<shape[0]).map(item) }
}
