// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// What a file says of its network apart from the weights; nil where it does not say.
struct DeclaredArchitecture {
  /// Who says it, for messages: `me_SAEHD_data.dat`, `the metadata`.
  var source: String
  var family: Architecture.Family
  var options: String
  var flavour: Architecture.Flavour?
  var resolution, eDims, aeDims, dDims, dMaskDims: Int?

  var name: String { options.isEmpty ? family.rawValue : "\(family.rawValue)-\(options)" }
}

/// Reads an architecture off the names and shapes of weights: all of it but `u` and `c`, which change no shape.
struct ArchitectureInference {
  let file: String
  let scheme: NamingScheme
  let tensors: TensorDictionary

  /// - Throws: `missingTensor`, `shapeMismatch`, `unknownArchitecture`, naming the tensor.
  func infer() throws(LiaeError) -> Architecture {
    let hasAB = has("inter_AB.dense1.weight")
    let hasInter = has("inter.dense1.weight")
    guard hasAB != hasInter else {
      if hasAB {
        throw LiaeError(
          .unknownArchitecture,
          "\(file): holds the latent modules of both liae (inter_AB) and df (inter); name the one that is meant by opening a file that holds it alone"
        )
      }
      throw missing("inter_AB.dense1.weight", "liae; df has inter in its place")
    }
    let family: Architecture.Family = hasAB ? .liae : .df
    let residualDeep = has("encoder.res1.conv1.weight")
    let firstName =
      has("encoder.down1.conv1.weight") || residualDeep ? "encoder.down1.conv1" : "encoder.down1.downs.0.conv1"
    let decoder = family == .liae ? "decoder" : "decoder_src"
    let doubleResolution = has("\(decoder).out_conv1.weight", doubleResolution: true)

    let first = try shape("\(firstName).weight", rank: 4)
    let dense = try shape("\(family == .liae ? "inter_AB" : "inter").dense1.weight", rank: 2)
    let head = try shape("\(decoder).out_conv.weight", rank: 4, doubleResolution: doubleResolution)
    let maskHead = try shape("\(decoder).out_convm.weight", rank: 4, doubleResolution: doubleResolution)
    let (eDims, aeDims, flat) = (first[0], dense[0], dense[1])

    let encoded = CheckedSize.product(eDims, 8) ?? 0
    guard encoded > 0, flat % encoded == 0, let side = squareRoot(flat / encoded) else {
      throw LiaeError(
        .shapeMismatch,
        "\(file): the first dense layer reads \(flat) numbers; expected 8 * \(eDims) channels of a square (e_dims is \(eDims))"
      )
    }
    guard let resolution = CheckedSize.product(side, residualDeep ? 32 : 16), head[1] % 2 == 0,
      doubleResolution || maskHead[1] % 2 == 0
    else {
      throw LiaeError(
        .shapeMismatch,
        "\(file): the heads out_conv and out_convm read \(head[1]) and \(maskHead[1]) channels; expected twice d_dims and \(doubleResolution ? "" : "twice ")d_mask_dims"
      )
    }
    let keepsFlavour = scheme == .canonical || scheme == .trainingState
    let isPort = scheme == .torchPort || (keepsFlavour && doubleResolution && head[2] == 3)
    let architecture = Architecture(
      family: family, flavour: isPort ? .torch : .dfl,
      options: (doubleResolution ? "d" : "") + (residualDeep ? "t" : ""), resolution: resolution, eDims: eDims,
      aeDims: aeDims, dDims: head[1] / 2, dMaskDims: doubleResolution ? maskHead[1] : maskHead[1] / 2)
    do throws(LiaeError) { try architecture.validate() } catch { throw error.within(file) }
    return architecture
  }

  private func has(_ canonical: String, doubleResolution: Bool = false) -> Bool {
    tensors[scheme.name(canonical, doubleResolution: doubleResolution)] != nil
  }

  /// Canonical shape of a tensor that every network of the kind has.
  private func shape(_ canonical: String, rank: Int, doubleResolution: Bool = false) throws(LiaeError) -> [Int] {
    let name = scheme.name(canonical, doubleResolution: doubleResolution)
    guard let tensor = tensors[name] else { throw missing(canonical, "every network", doubleResolution) }
    guard tensor.shape.count == rank, tensor.count > 0 else {
      throw LiaeError(.shapeMismatch, "\(file): tensor \(name) has shape \(tensor.shape); expected \(rank) dimensions")
    }
    return scheme.canonicalShape(tensor.shape)
  }

  private func missing(_ canonical: String, _ who: String, _ doubleResolution: Bool = false) -> LiaeError {
    let name = scheme.name(canonical, doubleResolution: doubleResolution)
    let rank = canonical.contains(text: "dense") ? "(out, in)" : "(out, in, k, k)"
    return LiaeError(
      .missingTensor,
      "\(file): tensor \(name) is missing; expected of \(who), a weight \(scheme.hasOutputsLast ? "of 2 or 4 dimensions" : rank)"
    )
  }

  private func squareRoot(_ value: Int) -> Int? {
    let root = Int(Double(value).squareRoot().rounded())
    return root > 0 && root.multipliedReportingOverflow(by: root) == (value, false) ? root : nil
  }
}

extension Architecture {
  /// This inferred architecture with `u` and `c` as given, after checking that `declared` does not contradict what the
  /// shapes tell.
  func settled(by declared: DeclaredArchitecture, file: String) throws(LiaeError) -> Architecture {
    func contradiction(_ what: String, _ said: String, _ found: String) -> LiaeError {
      LiaeError(
        .shapeMismatch, "\(file): \(declared.source) says \(what) \(said), and the shapes of the weights say \(found)")
    }
    let letters = declared.options
    guard declared.family == family, letters.contains("d") == doubleResolution, letters.contains("t") == residualDeep
    else {
      var plain = self
      (plain.pixelNorm, plain.cosine) = (false, false)
      throw contradiction("architecture", declared.name, "\(plain.name) (u and c aside)")
    }
    for (what, said, found) in [
      ("resolution", declared.resolution, resolution), ("e_dims", declared.eDims, eDims),
      ("ae_dims", declared.aeDims, aeDims), ("d_dims", declared.dDims, dDims),
      ("d_mask_dims", declared.dMaskDims, dMaskDims),
    ] {
      if let said, said != found { throw contradiction(what, "\(said)", "\(found)") }
    }
    var result = self
    if let flavour = declared.flavour {
      guard flavour == self.flavour || !doubleResolution else {
        throw contradiction("flavour", flavour.rawValue, self.flavour.rawValue)
      }
      result.flavour = flavour
    }
    result.pixelNorm = letters.contains("u")
    result.cosine = letters.contains("c")
    return result
  }
}
