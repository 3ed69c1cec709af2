// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Finds the network of ours that a file computes: it is compared with each that there is.
struct GraphRecognizer {
  /// A network, and what of the file stands for its layers and outputs.
  struct Finding {
    var network: NetworkExpressions
    var weights: [String: LayerWeights]
    var outputs: [Pairing]
    /// True if the file computes the same for each decoder and nothing but the order of outputs tells them apart.
    var isGuess = false
  }

  /// An output of a network and the one of the file that is to be it.
  struct Pairing {
    var expected: String
    var found: Output
  }

  struct Output {
    var name: String
    var expression: Int
  }

  let file: String
  private(set) var interpreter: GraphInterpreter
  private var pictures: [Output] = []
  private var masks: [Output] = []

  /// - Throws: `unknownArchitecture` for other outputs than one or two pictures and masks, or one mask alone.
  init(_ interpreter: GraphInterpreter, file: String) throws(LiaeError) {
    (self.interpreter, self.file) = (interpreter, file)
    let outputs = interpreter.graph.outputs
    guard (1...4).contains(outputs.count) else { throw unexpectedOutputs() }
    var later = 0
    for output in outputs {
      let expression = try self.interpreter.output(output.name)
      switch self.interpreter.expressions.shapes[expression][0] {
      case 3: pictures.append(Output(name: output.name, expression: expression))
      case 1:
        // As far as the order goes, the swap's mask is the one that follows the picture: DeepFaceLab has the
        // destination's mask, the swap, its mask; others the swap, its mask, the destination's.
        masks.insert(Output(name: output.name, expression: expression), at: pictures.isEmpty ? masks.count : later)
        later += pictures.isEmpty ? 0 : 1
      default: throw unexpectedOutputs()
      }
    }
    guard (1...2).contains(pictures.count) && (1...2).contains(masks.count) || returnsMaskAlone else {
      throw unexpectedOutputs()
    }
  }

  /// True if the file segments and swaps nothing.
  private var returnsMaskAlone: Bool { pictures.isEmpty && masks.count == 1 }

  private func unexpectedOutputs() -> LiaeError {
    let outputs = interpreter.graph.outputs
    let names = outputs.prefix(8).map(\.name).joined(separator: ", ")
    return LiaeError(
      .unknownArchitecture,
      "\(file): \(outputs.count) outputs (\(names)); expected the picture of the swap, its mask and the destination's mask, or one mask"
    )
  }

  // MARK: - Candidates

  /// Every network, with sizes of 1: those of the file follow from the shapes of its weights.
  private var candidates: [Architecture] {
    var all: [Architecture] = []
    for family in Architecture.Family.allCases {
      for flavour in Architecture.Flavour.allCases {
        for letters in 0..<16 {
          let options = zip(["u", "d", "t", "c"], 0...).filter { (letters >> $1) & 1 == 1 }.map(\.0).joined()
          var architecture = Architecture.smallest(family, flavour: flavour, options: options)
          architecture.resolution = interpreter.resolution
          // Without d the flavours are one network.
          if flavour == .torch && !architecture.doubleResolution || all.contains(architecture) { continue }
          do throws(LiaeError) { try architecture.validate() } catch { continue }
          all.append(architecture)
        }
      }
    }
    // Those that have the operations of the file come first: one of them is it, and the others need not be built.
    func differences(_ a: Architecture) -> Int {
      (a.pixelNorm == has { if case .pixelNorm = $0 { true } else { false } } ? 0 : 1)
        + (a.cosine == has { if case .activation(_, .cosine) = $0 { true } else { false } } ? 0 : 1)
        + ((a.family == .amp) == interpreter.hasMorph ? 0 : 1) + ((a.family == .xseg) == returnsMaskAlone ? 0 : 4)
    }
    return all.map { (differences($0), $0) }.enumerated()
      .sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }.map(\.element.1)
  }

  private func has(_ kind: (GraphExpression) -> Bool) -> Bool {
    interpreter.expressions.expressions.contains(where: kind)
  }

  /// - Throws: `unknownArchitecture`, saying at which node the file differs from the network that is nearest to it.
  func recognize() throws(LiaeError) -> Finding {
    var nearest: (progress: Int, error: LiaeError)?
    for architecture in candidates {
      var network = try NetworkExpressions(architecture)
      var findings: [Finding] = []
      for pairings in pairings(network) {
        var matcher = GraphMatcher(network, interpreter)
        do throws(LiaeError) {
          for pairing in pairings { try matcher.match(pairing.expected, pairing.found.expression) }
          findings.append(Finding(network: network, weights: matcher.weights, outputs: pairings))
          network = matcher.network
        } catch {
          network = matcher.network
          guard error.status == .unknownArchitecture else { throw error }
          if matcher.progress > nearest?.progress ?? -1 {
            let message =
              "\(file): \(error.message), as \(architecture.name) has it, the nearest of the networks that are known"
            nearest = (matcher.progress, LiaeError(.unknownArchitecture, message))
          }
        }
      }
      if let finding = best(findings) { return finding }
    }
    throw nearest?.error ?? LiaeError(.unknownArchitecture, "\(file): no network has this resolution")
  }

  /// Assignments of the file's outputs to the network's that are possible.
  private func pairings(_ network: NetworkExpressions) -> [[Pairing]] {
    if returnsMaskAlone {
      return network.graph.hasOutput("segment.mask") ? [[Pairing(expected: "segment.mask", found: masks[0])]] : []
    }
    func orders(_ outputs: [Output]) -> [[Output]] { outputs.count == 1 ? [outputs] : [outputs, outputs.reversed()] }
    var all: [[Pairing]] = []
    for branch in interpreter.hasMorph ? ["morph", "swap"] : ["swap"] where network.graph.hasOutput("\(branch).rgb") {
      for pictures in orders(pictures) {
        for masks in orders(masks) {
          all.append(
            zip([branch, "destination"], pictures).map { Pairing(expected: "\($0).rgb", found: $1) }
              + zip([branch, "destination"], masks).map { Pairing(expected: "\($0).mask", found: $1) })
        }
      }
    }
    return all
  }

  // MARK: - Decoders that compute the same

  /// Chooses among the findings: in df nothing that is computed tells one decoder from the other. Names of outputs and
  /// of weights do, if they have DeepFaceLab's words in them, and those of one decoder's weights begin alike; else the
  /// order of outputs, a guess.
  private func best(_ findings: [Finding]) -> Finding? {
    let scores = findings.map { finding in
      let modules = commonNames(finding)
      let words = finding.outputs.reduce(0) { $0 + agreement($1.expected, $1.found.name) }
      return (modules.reduce(words) { $0 + agreement($1.key, $1.value) }, modules.values.reduce(0) { $0 + $1.count })
    }
    guard let score = scores.max(by: <) else { return nil }
    let first = zip(findings, scores).filter { $1 == score }.map(\.0)
    guard var finding = first.first else { return nil }
    finding.isGuess = first.count > 1
    return finding
  }

  /// 1 if a name of the file says source or destination as that of the network does, -1 if it says the other.
  private func agreement(_ expected: String, _ found: String) -> Int {
    func side(_ name: String) -> Int {
      let isSource = ["celeb", "swap", "src"].contains { name.contains(text: $0) }
      let isDestination = ["dst", "dest"].contains { name.contains(text: $0) }
      return (isSource ? 1 : 0) - (isDestination ? 1 : 0)
    }
    return side(expected) * side(found)
  }

  /// Common beginnings of the names of each module's weights.
  private func commonNames(_ finding: Finding) -> [String: String] {
    var common: [String: String] = [:]
    for (layer, weights) in finding.weights {
      guard let module = layer.split(separator: ".").first.map(String.init), let name = interpreter.name(weights) else {
        continue
      }
      common[module] = common[module].map { String(zip($0, name).prefix { $0 == $1 }.map(\.0)) } ?? name
    }
    return common
  }
}

extension GraphInterpreter {
  /// Name of a layer's weights in the file.
  func name(_ weights: LayerWeights) -> String? {
    switch weights {
    case .norm(let norm): constants[norms[norm].weight].name
    case .dense(let layer), .convolution(let layer, _), .transposed(let layer): constants[layers[layer].weight].name
    case .rows(let rows, _): rows.first.map { constants[layers[$0.layer].weight].name }
    }
  }
}
