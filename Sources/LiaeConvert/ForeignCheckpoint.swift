// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Weights under the names and layouts of whoever wrote them, and what the file says beside them.
struct ForeignCheckpoint {
  /// The file's name in messages.
  var file: String
  var scheme: NamingScheme
  var tensors: TensorDictionary
  var info: ModelInfo
  var declared: DeclaredArchitecture?
  /// True if the file says which colour comes first.
  var knowsColorOrder: Bool

  /// The model: architecture settled, every tensor found, checked and put into canonical layout.
  ///
  /// - Throws: `missingTensor` naming all that are missing, `shapeMismatch`, `unknownArchitecture`, `outOfMemory`.
  func model(_ options: OpenOptions) throws(LiaeError) -> Model {
    var info = info
    let architecture = try settle(options, &info)
    info.settleColors(options, known: knowsColorOrder)

    let graph = try Graph(architecture)
    let shuffled = graph.shuffledTensors
    var missing: [String] = []
    var used: Set<String> = []
    var canonical = TensorDictionary()
    for spec in graph.tensors {
      let name = scheme.name(spec.name, doubleResolution: architecture.doubleResolution)
      guard let tensor = tensors[name] else {
        if !spec.isUnused { missing.append(spec.name) }
        continue
      }
      used.insert(name)
      let expected = scheme.shape(spec.shape)
      guard tensor.shape == expected else {
        throw LiaeError(
          .shapeMismatch,
          "\(file): tensor \(name) has shape \(tensor.shape); \(architecture.name) at resolution \(architecture.resolution) needs \(expected)"
        )
      }
      guard tensor.dtype.isFloatingPoint else {
        throw LiaeError(
          .shapeMismatch, "\(file): tensor \(name) holds \(tensor.dtype.rawValue); expected floating-point numbers")
      }
      let single = tensor.dtype == .float64 ? try tensor.asFloat32() : tensor
      canonical[spec.name] = try scheme.canonicalLayout(single, isShuffled: shuffled.contains(spec.name))
    }
    if !missing.isEmpty, try Set(missing) == graph.destinationPictureTensors() {
      try canonical.leaveOutDestinationPicture(of: graph, &info)
      missing = []
    }
    guard missing.isEmpty else { throw missingError(missing, architecture, graph) }
    info.noteUnused(tensors.names.filter { !used.contains($0) })
    do throws(LiaeError) {
      if scheme == .torchPort && architecture.doubleResolution {
        try canonical.replaceHeads(of: graph, NamingScheme.gatherHeads)
      }
      return try Model(architecture: architecture, info: info, tensors: canonical)
    } catch { throw error.within(file) }
  }

  /// Shapes first; then the caller's word, then the file's; else the guess, which is said.
  private func settle(_ options: OpenOptions, _ info: inout ModelInfo) throws(LiaeError) -> Architecture {
    let inferred = try ArchitectureInference(file: file, scheme: scheme, tensors: tensors).infer()
    var architecture = inferred
    if let declared { architecture = try inferred.settled(by: declared, file: file) }
    if let given = options.architecture {
      let (family, letters) = try Architecture.parse(given)
      architecture = try architecture.settled(
        by: DeclaredArchitecture(source: "the given architecture", family: family, options: letters), file: file)
      info.guesses = info.guesses.filter { !$0.hasPrefix(Self.activationGuess) }
    } else if declared == nil && architecture.hasOptions {
      architecture.pixelNorm = true
      info.guesses.append(
        "\(Self.activationGuess): pixel norm (u) was assumed on and x cos x (c) off, as in \(architecture.name); --arch settles it"
      )
    }
    do throws(LiaeError) { try architecture.validate() } catch { throw error.within(file) }
    return architecture
  }

  static let activationGuess = "the weights do not tell u and c"

  private func missingError(_ missing: [String], _ architecture: Architecture, _ graph: Graph) -> LiaeError {
    let listed = missing.prefix(8).map {
      let name = scheme.name($0, doubleResolution: architecture.doubleResolution)
      return "\(name) with shape \(scheme.shape(graph.tensorShape($0) ?? []))"
    }
    let more = missing.count > 8 ? " and \(missing.count - 8) more" : ""
    let verb = missing.count == 1 ? "tensor is" : "tensors are"
    return LiaeError(
      .missingTensor,
      "\(file): \(missing.count) \(verb) missing; \(architecture.name) needs \(listed.joined(separator: ", "))\(more)")
  }
}

extension ModelInfo {
  /// The caller's colour order, else the file's, else blue first, which is said.
  mutating func settleColors(_ options: OpenOptions, known: Bool) {
    if let given = options.colorOrder {
      colorOrder = given
      guesses = guesses.filter { !$0.hasPrefix(Self.colorGuess) }
    } else if !known {
      guesses.append(
        "\(Self.colorGuess): blue first (bgr) was assumed, as DeepFaceLab trains; --color-order settles it")
    }
  }

  static let colorGuess = "the file does not tell the colour order"

  mutating func noteUnused(_ names: [String]) {
    guard !names.isEmpty else { return }
    // Names of the file's own choice become lines of notes.
    let listed = names.prefix(4).map(\.printable).joined(separator: ", ") + (names.count > 4 ? ", ..." : "")
    notes.append("\(names.count) tensor\(names.count == 1 ? "" : "s") not used: \(listed)")
  }
}

extension TensorDictionary {
  /// Puts zeros where the branch is missing that only reconstructs the destination picture, and says so.
  mutating func leaveOutDestinationPicture(of graph: Graph, _ info: inout ModelInfo) throws(LiaeError) {
    let picture = try graph.destinationPictureTensors()
    for spec in graph.tensors where picture.contains(spec.name) { self[spec.name] = try .zeros(spec) }
    info.lacksDestinationPicture = true
    info.notes.append("the picture branch of decoder_dst is not in the file: the destination cannot be reconstructed")
  }

  /// Passes the weights, then the biases, of the heads that make the picture through `regroup`.
  mutating func replaceHeads(
    of graph: Graph, _ regroup: ([TensorView]) throws(LiaeError) -> [TensorView]
  ) throws(LiaeError) {
    for leaf in ["weight", "bias"] {
      let names = try graph.heads(of: "swap.rgb").map { "\($0).\(leaf)" }
      let heads = names.compactMap { self[$0] }
      for (name, head) in zip(names, try regroup(heads)) { self[name] = head }
    }
  }
}

extension TensorView {
  /// A float32 tensor of zeros.
  static func zeros(_ spec: TensorSpec) throws(LiaeError) -> TensorView {
    guard let count = CheckedSize.product(spec.shape), let bytes = CheckedSize.product(count, 4) else {
      throw LiaeError(.outOfMemory, "tensor \(spec.name) of shape \(spec.shape) is too large")
    }
    return try TensorView(dtype: .float32, shape: spec.shape, storage: try Bytes.allocate(bytes, for: spec.name))
  }
}
