// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension ModelReader {
  /// A `.dfm` or `.onnx` file of any program, recognised by what its graph computes.
  ///
  /// float16 weights stay float16.
  static func openGraph(_ bytes: Bytes, name: String, options: OpenOptions) throws(LiaeError) -> Model {
    let onnx = try ONNXModel.parse(bytes, name: name)
    let recognizer = try GraphRecognizer(try GraphInterpreter(onnx, file: name), file: name)
    let finding = try recognizer.recognize()
    let lacksPicture: Bool
    do throws(LiaeError) { lacksPicture = try finding.lacksDestinationPicture() } catch { throw error.within(name) }
    var info = ModelInfo(origin: .dfm)
    info.settleColors(options, known: true)
    if finding.isGuess {
      info.guesses.append(
        "the graph does not tell its two decoders apart: the output \(finding.swapMask) was taken for the mask of the swap"
      )
    }
    var (architecture, tensors) = try finding.model(recognizer.interpreter, file: name)
    if let given = options.architecture {
      let (family, letters) = try Architecture.parse(given)
      let said = DeclaredArchitecture(source: "the given architecture", family: family, options: letters)
      guard (try architecture.settled(by: said, file: name)) == architecture else {
        throw LiaeError(
          .shapeMismatch,
          "\(name): the given architecture says \(given), and the graph of the file computes \(architecture.name)")
      }
    }
    if lacksPicture { try tensors.leaveOutDestinationPicture(of: Graph(architecture), &info) }
    do throws(LiaeError) { return try Model(architecture: architecture, info: info, tensors: tensors) } catch {
      throw error.within(name)
    }
  }
}

extension GraphRecognizer.Finding {
  /// The name of the output that was taken for the mask of the swap.
  var swapMask: String { outputs.first { $0.expected == "swap.mask" }?.found.name ?? "" }

  /// Tells whether the file holds all but what makes the picture of the destination, as the export of df does.
  ///
  /// - Throws: `missingTensor` if it lacks other weights: those of outputs that it does not have.
  func lacksDestinationPicture() throws(LiaeError) -> Bool {
    let picture = try network.graph.destinationPictureTensors()
    let missing = network.graph.tensors.filter { !$0.isUnused && weights[$0.layer] == nil }.map(\.name)
    if missing.isEmpty { return false }
    guard Set(missing) == picture else {
      let made = outputs.map { "\($0.found.name) is \($0.expected)" }.joined(separator: ", ")
      throw LiaeError(
        .missingTensor,
        "\(missing.count) tensors of \(network.architecture.name) are missing, as \(missing[0]), since no output needs them (\(made)); expected the swap's picture, its mask and the destination's mask"
      )
    }
    return true
  }

  /// The canonical tensors, and the architecture with the sizes that they have.
  func model(_ interpreter: GraphInterpreter, file: String) throws(LiaeError) -> (Architecture, TensorDictionary) {
    var tensors = TensorDictionary()
    for spec in network.graph.tensors where spec.name.hasSuffix(".weight") {
      guard let weights = weights[spec.layer] else { continue }
      let (weight, bias) = try interpreter.tensors(weights)
      tensors[spec.name] = weight
      tensors["\(spec.layer).bias"] = bias
      if case .norm(let norm) = weights {
        let (epsilon, threshold) = try interpreter.normTensors(norm)
        tensors["\(spec.layer).eps"] = epsilon
        tensors["\(spec.layer.dropLast(3))tlu.tau"] = threshold
      }
    }
    var architecture = try ArchitectureInference(file: file, scheme: .canonical, tensors: tensors).infer()
    let found = network.architecture
    guard architecture.family == found.family, architecture.doubleResolution == found.doubleResolution,
      architecture.residualDeep == found.residualDeep, architecture.resolution == found.resolution
    else {
      throw LiaeError(
        .shapeMismatch,
        "\(file): the input is \(found.resolution) pixels wide and the graph computes \(found.name), and the shapes of the weights are those of \(architecture.name) at \(architecture.resolution) pixels"
      )
    }
    (architecture.flavour, architecture.pixelNorm, architecture.cosine) = (found.flavour, found.pixelNorm, found.cosine)
    do throws(LiaeError) { try architecture.validate() } catch { throw error.naming(file) }
    return (architecture, tensors)
  }
}
