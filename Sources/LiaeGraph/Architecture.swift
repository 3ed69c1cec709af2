// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The parameters that determine a network: its layers, their sizes and their arithmetic.
///
/// Source: DeepFaceLab's SAEHD (`archi`, `resolution`, `*_dims` of `data.dat`) and its PyTorch port.
package struct Architecture: Sendable, Equatable {
  /// The network family, which says how latent modules and decoders are connected.
  package enum Family: String, Sendable, CaseIterable {
    /// Two latent modules, inter_AB and inter_B; one decoder.
    case liae
    /// One latent module; a decoder for each of source and destination.
    case df
    /// Two latent modules whose channels are mixed; one decoder. It always has `u`, `d` and `t`, which its name omits.
    case amp
    /// A U-Net that returns one mask: which pixels of a face are not covered by something else.
    case xseg
  }

  /// The two published implementations, which differ in the last convolutions of the decoder.
  package enum Flavour: String, Sendable, CaseIterable {
    /// DeepFaceLab: with `d` one head of 1x1 and three of 3x3, padded.
    case dfl
    /// The PyTorch port: with `d` four heads of 3x3, without `t` not padded (output side = resolution - 4); with `d` and
    /// `t` checkpoints hold a stage of the mask branch that is never run.
    case torch
  }

  package var family: Family
  package var flavour: Flavour
  /// `u`: the encoder's output is normalised by its mean square.
  package var pixelNorm: Bool
  /// `d`: the latent side is halved, and the last convolutions double the side once more.
  package var doubleResolution: Bool
  /// `t`: residual blocks in the encoder and one more decoder stage.
  package var residualDeep: Bool
  /// `c`: x cos x in place of every leaky ReLU.
  package var cosine: Bool
  /// Side of the input, pixels.
  package var resolution: Int
  package var eDims, aeDims, dDims, dMaskDims: Int
  /// Channels that a latent module of AMP has; 0 in the other families, where they follow from `aeDims`.
  package var interDims: Int
  /// Channels of the outermost level of XSeg, 32 in DeepFaceLab; 0 in the other families.
  package var baseDims: Int

  package init(
    family: Family = .liae, flavour: Flavour = .dfl, options: String = "", resolution: Int, eDims: Int, aeDims: Int,
    dDims: Int, dMaskDims: Int, interDims: Int = 0, baseDims: Int = 0
  ) {
    (self.family, self.flavour) = (family, flavour)
    let letters = family == .amp ? "udt" : options
    (pixelNorm, doubleResolution) = (letters.contains("u"), letters.contains("d"))
    (residualDeep, cosine) = (letters.contains("t"), letters.contains("c"))
    (self.resolution, self.eDims, self.aeDims) = (resolution, eDims, aeDims)
    (self.dDims, self.dMaskDims, self.interDims, self.baseDims) = (dDims, dMaskDims, interDims, baseDims)
  }

  /// An XSeg network.
  package static func xseg(resolution: Int = 256, baseDims: Int = 32) -> Architecture {
    Architecture(
      family: .xseg, resolution: resolution, eDims: 0, aeDims: 0, dDims: 0, dMaskDims: 0, baseDims: baseDims)
  }

  /// The option letters that are set, in the order u d t c; none of AMP and XSeg, which have no options.
  package var options: String {
    if family == .amp || family == .xseg { return "" }
    return (pixelNorm ? "u" : "") + (doubleResolution ? "d" : "") + (residualDeep ? "t" : "") + (cosine ? "c" : "")
  }

  /// The name in DeepFaceLab's style: `liae`, `df-ud`, `liae-udt`, `amp`, `xseg`.
  package var name: String { options.isEmpty ? family.rawValue : "\(family.rawValue)-\(options)" }

  /// Parses a name such as `liae-udt`, whose letters may stand in any order.
  ///
  /// - Throws: `unknownArchitecture` with the names that are understood.
  package static func parse(_ name: String) throws(LiaeError) -> (family: Family, options: String) {
    let parts = name.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let letters = parts.count > 1 ? String(parts[1]) : ""
    guard let family = Family(rawValue: String(parts[0])),
      parts.count == 1 || !letters.isEmpty && family != .amp && family != .xseg,
      letters.allSatisfy({ "udtc".contains($0) }), Set(letters).count == letters.count
    else {
      throw LiaeError(
        .unknownArchitecture,
        "unknown architecture \"\(name)\"; expected amp or xseg, or liae or df, optionally followed by - and letters of u, d, t, c, as in liae-udt"
      )
    }
    return (family, letters)
  }

  /// Number of which the resolution is a multiple.
  package var resolutionMultiple: Int { family == .xseg ? 64 : doubleResolution || residualDeep ? 32 : 16 }

  package static let resolutionRange = 32...1024
  package static let dimsRange = 1...4096

  /// Checks every value against its range.
  ///
  /// - Throws: `unknownArchitecture`, whose message names the value and its range.
  package func validate() throws(LiaeError) {
    guard Self.resolutionRange.contains(resolution), resolution % resolutionMultiple == 0 else {
      throw LiaeError(
        .unknownArchitecture,
        "resolution \(resolution) is not possible for \(name): expected a multiple of \(resolutionMultiple) from \(Self.resolutionRange.lowerBound) to \(Self.resolutionRange.upperBound)"
      )
    }
    for (what, value) in dims where !Self.dimsRange.contains(value) {
      throw LiaeError(
        .unknownArchitecture,
        "\(what) \(value) is out of range: expected \(Self.dimsRange.lowerBound) to \(Self.dimsRange.upperBound)")
    }
    guard family != .amp || options.isEmpty && pixelNorm && doubleResolution && residualDeep && !cosine else {
      throw LiaeError(.unknownArchitecture, "amp has no options")
    }
    guard family != .xseg || !pixelNorm && !doubleResolution && !residualDeep && !cosine else {
      throw LiaeError(.unknownArchitecture, "xseg has no options")
    }
    if flavour == .torch && (family != .liae || cosine) {
      throw LiaeError(.unknownArchitecture, "\(name): the PyTorch flavour has liae without c only")
    }
  }

  /// The sizes that the family has, with DeepFaceLab's names for them.
  package var dims: [(name: String, value: Int)] {
    if family == .xseg { return [("base_dims", baseDims)] }
    let common: [(name: String, value: Int)] = [
      ("e_dims", eDims), ("ae_dims", aeDims), ("d_dims", dDims), ("d_mask_dims", dMaskDims),
    ]
    return family == .amp ? common + [("inter_dims", interDims)] : common
  }

  // MARK: - Derived sizes

  /// Side of the picture that the second dense layer of a latent module makes, pixels. It depends on `d`, not on `t`.
  package var latentSide: Int { resolution / (doubleResolution ? 32 : 16) }
  /// Channels of a latent module's result.
  package var interChannels: Int {
    switch family {
    case .liae: aeDims * 2
    case .df: aeDims
    case .amp: interDims
    case .xseg: 8 * baseDims
    }
  }
  /// True if the heads have no padding, so that the picture is 4 pixels smaller than the input.
  package var validHeads: Bool { flavour == .torch && doubleResolution && !residualDeep }
  /// Side of the output picture, pixels; 0 for a network that returns a mask alone.
  package var rgbSide: Int { family == .xseg ? 0 : validHeads ? resolution - 4 : resolution }
  /// Side of the output masks, pixels.
  package var maskSide: Int { resolution }
}
