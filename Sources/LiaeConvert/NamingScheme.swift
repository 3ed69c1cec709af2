// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// A program's names and layouts of the weights that we hold under canonical names.
///
/// Every scheme has the same tensors one to one, except the four heads of the PyTorch port (see `gatherHeads`).
enum NamingScheme: Equatable {
  /// The scheme of this library: docs/checkpoint.md.
  case canonical
  /// DeepFaceLab's TensorFlow variables with the module before them: `encoder/down1/downs_0/conv1/weight:0`.
  /// Convolutions (kh, kw, in, out), dense (in, out), depth-to-space channels DCR.
  case tensorFlow
  /// The PyTorch port: `decoder.main_path.0.residual.2.weight`. PyTorch's layouts, CRD.
  case torchPort
  /// DeepFaceLab's module names in PyTorch: canonical names and layouts, but DCR.
  case torchDeepFaceLab
  /// The state file of liae-train: canonical names, TensorFlow's layouts.
  case trainingState

  /// The scheme in which names are written, or nil where none of them is a weight that we know.
  static func recognize(_ names: [String]) -> NamingScheme? {
    for name in names {
      if name.hasSuffix(":0") && name.contains(text: "/") { return .tensorFlow }
      if name.hasPrefix("decoder.main_path.") || name.hasPrefix("decoder.mask_path.") { return .torchPort }
      if name.contains(text: ".dense_layers.") { return .torchPort }
      if name.hasPrefix("decoder.upscale") || name.hasPrefix("decoder_src.upscale") { return .torchDeepFaceLab }
    }
    return nil
  }

  /// The implementations whose weights are written in this scheme.
  var flavours: [Architecture.Flavour] {
    switch self {
    case .canonical, .trainingState: [.dfl, .torch]
    case .torchPort: [.torch]
    case .tensorFlow, .torchDeepFaceLab: [.dfl]
    }
  }

  /// True if depth-to-space channels are ordered (dy, dx, c) here; else (c, dy, dx).
  var isDCR: Bool { self == .tensorFlow || self == .torchDeepFaceLab || self == .trainingState }

  /// True if convolutions are (kh, kw, in, out) and dense layers (in, out), as TensorFlow has them.
  var hasOutputsLast: Bool { self == .tensorFlow || self == .trainingState }

  /// The name that this scheme has for a canonical tensor.
  func name(_ canonical: String, doubleResolution: Bool) -> String {
    switch self {
    case .canonical, .torchDeepFaceLab, .trainingState: return canonical
    case .tensorFlow:
      var result = ""
      for part in canonical.split(separator: ".") {
        // A list's element joins its attribute with an underscore.
        if !result.isEmpty { result += part.allSatisfy(\.isNumber) ? "_" : "/" }
        result += part
      }
      return result + ":0"
    case .torchPort: return Self.portName(canonical, doubleResolution: doubleResolution)
    }
  }

  private static func portName(_ canonical: String, doubleResolution: Bool) -> String {
    let parts = canonical.split(separator: ".").map(String.init)
    guard parts.count >= 3, let leaf = parts.last else { return canonical }
    let (module, block) = (parts[0], parts[1])
    if module.hasPrefix("inter") {
      switch block {
      case "dense1": return "\(module).dense_layers.0.\(leaf)"
      case "dense2": return "\(module).dense_layers.1.\(leaf)"
      default: return "\(module).upscale.conv1.\(leaf)"
      }
    }
    guard module == "decoder" else { return canonical }
    func index(_ prefix: String) -> String? {
      block.hasPrefix(prefix) ? String(block.dropFirst(prefix.count)) : nil
    }
    if block == "out_convm" { return "decoder.mask_output.\(leaf)" }
    if block == "upscalem_unused" { return "decoder.mask_path.5.conv.\(leaf)" }
    if let i = index("upscalem") { return "decoder.mask_path.\(i).conv.\(leaf)" }
    if let i = index("upscale") { return "decoder.main_path.\(i).conv.\(leaf)" }
    if let i = index("res") { return "decoder.main_path.\(i).residual.\(parts[2] == "conv1" ? 0 : 2).\(leaf)" }
    if let i = index("out_conv") {
      return doubleResolution ? "decoder.rgb_output_dense.\(i.isEmpty ? "0" : i).\(leaf)" : "decoder.rgb_output.\(leaf)"
    }
    return canonical
  }

  /// The shape that this scheme has for a canonical one.
  func shape(_ canonical: [Int]) -> [Int] {
    guard hasOutputsLast else { return canonical }
    switch canonical.count {
    case 4: return [canonical[2], canonical[3], canonical[1], canonical[0]]
    case 2: return [canonical[1], canonical[0]]
    default: return canonical
    }
  }

  /// The inverse of `shape`.
  func canonicalShape(_ shape: [Int]) -> [Int] {
    guard hasOutputsLast else { return shape }
    switch shape.count {
    case 4: return [shape[3], shape[2], shape[0], shape[1]]
    case 2: return [shape[1], shape[0]]
    default: return shape
    }
  }

  /// A tensor of this scheme in canonical layout; a view of the same bytes where nothing moves.
  func canonicalLayout(_ tensor: TensorView, isShuffled: Bool) throws(LiaeError) -> TensorView {
    var result = tensor
    if hasOutputsLast {
      if tensor.shape.count == 4 { result = try result.permuted([3, 2, 0, 1]) }
      if tensor.shape.count == 2 { result = try result.permuted([1, 0]) }
    }
    return isShuffled && isDCR ? try result.pixelShuffleOrder() : result
  }

  /// The inverse of `canonicalLayout`.
  func foreignLayout(_ tensor: TensorView, isShuffled: Bool) throws(LiaeError) -> TensorView {
    var result = isShuffled && isDCR ? try tensor.depthToSpaceOrder() : tensor
    if hasOutputsLast {
      if tensor.shape.count == 4 { result = try result.permuted([2, 3, 1, 0]) }
      if tensor.shape.count == 2 { result = try result.permuted([1, 0]) }
    }
    return result
  }

  /// The port shuffles the pixels of its four 3-channel heads as one tensor of 12 channels ordered c*4 + q, so that
  /// its head i holds channels 3i ..< 3i + 3 of those; our head q makes pixel q, channel c.
  static func gatherHeads(_ port: [TensorView]) throws(LiaeError) -> [TensorView] {
    try regroup(port) { head, channel in 4 * channel + head }
  }

  /// The inverse of `gatherHeads`.
  static func scatterHeads(_ canonical: [TensorView]) throws(LiaeError) -> [TensorView] {
    try regroup(canonical) { head, channel in
      let flat = 3 * head + channel
      return 3 * (flat % 4) + flat / 4
    }
  }

  /// Four tensors of three rows each; row `channel` of result `head` is flat row `source(head, channel)` of the input.
  private static func regroup(_ heads: [TensorView], source: (_ head: Int, _ channel: Int) -> Int)
    throws(LiaeError) -> [TensorView]
  {
    guard heads.count == 4, let first = heads.first, first.shape.first == 3,
      heads.allSatisfy({ $0.shape == first.shape && $0.dtype == first.dtype })
    else { throw LiaeError(.shapeMismatch, "the four heads have different shapes or types") }
    let row = first.byteCount / 3
    var results: [TensorView] = []
    for head in 0..<4 {
      let bytes = try Bytes.allocate(first.byteCount, for: "a head")
      for channel in 0..<3 {
        let flat = source(head, channel)
        let from = heads[flat / 3]
        defer { withExtendedLifetime(from) {} }
        (bytes.base + channel * row).copyMemory(
          from: from.storage.base + from.offset + (flat % 3) * row, byteCount: row)
      }
      results.append(try TensorView(dtype: first.dtype, shape: first.shape, storage: bytes))
    }
    return results
  }
}
