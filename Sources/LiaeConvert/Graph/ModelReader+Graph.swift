// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension ModelReader {
  /// A `.dfm` or `.onnx` file that DeepFaceLab (or this library) exported, read by its structure.
  ///
  /// float16 weights stay float16.
  static func openGraph(_ bytes: Bytes, name: String, options: OpenOptions) throws(LiaeError) -> Model {
    let onnx = try ONNXModel.parse(bytes, name: name)
    try refuseNeighbours(onnx, name)
    let interpreter = try GraphInterpreter(onnx, file: name)
    var recognizer = GraphRecognizer(interpreter, file: name)
    let structure = try recognizer.recognize()
    let collector = GraphWeights(file: name, interpreter: interpreter, recognizer: recognizer, structure: structure)
    var info = ModelInfo(origin: .dfm)
    info.settleColors(options, known: true)
    var (architecture, tensors) = try collector.collect()
    if let given = options.architecture {
      let (family, letters) = try Architecture.parse(given)
      let said = DeclaredArchitecture(source: "the given architecture", family: family, options: letters)
      guard (try architecture.settled(by: said, file: name)) == architecture else {
        throw LiaeError(
          .shapeMismatch,
          "\(name): the given architecture says \(given), and the graph of the file computes \(architecture.name)")
      }
    }
    if architecture.family == .df { try tensors.leaveOutDestinationPicture(architecture, &info) }
    do throws(LiaeError) { return try Model(architecture: architecture, info: info, tensors: tensors) } catch {
      throw error.within(name)
    }
  }

  /// Networks that come in the same kind of file and are others.
  private static func refuseNeighbours(_ onnx: ONNXModel, _ name: String) throws(LiaeError) {
    if onnx.graph.inputs.contains(where: { $0.name.hasPrefix("morph_value") }) {
      throw LiaeError(
        .unsupported,
        "\(name): an AMP model (it has a second input morph_value), which this library does not run; expected SAEHD (liae or df)"
      )
    }
    let outputs = onnx.graph.outputs
    if outputs.count == 1, outputs[0].name.hasPrefix("out_mask") {
      throw LiaeError(
        .unsupported,
        "\(name): an XSeg segmentation model (its one output is \(outputs[0].name)); expected SAEHD (liae or df)")
    }
  }
}

/// Turns the layers that were recognised into canonical tensors and their architecture.
struct GraphWeights {
  let file: String
  let interpreter: GraphInterpreter
  let recognizer: GraphRecognizer
  let structure: GraphRecognizer.Structure

  func collect() throws(LiaeError) -> (Architecture, TensorDictionary) {
    var tensors = TensorDictionary()
    for (name, layer) in recognizer.layers {
      var weight = try tensor(layer.weight, name)
      var bias = try self.bias(layer.bias, weight.shape[0], name)
      if layer.isDCR == true {
        guard weight.shape[0] % 4 == 0 else {
          throw LiaeError(.shapeMismatch, "\(file): \(name) has \(weight.shape[0]) outputs; expected a multiple of 4")
        }
        weight = try weight.pixelShuffleOrder()
        bias = try bias.pixelShuffleOrder()
      }
      tensors["\(name).weight"] = weight
      tensors["\(name).bias"] = bias
    }
    for (name, weightName, biasName, transposed) in recognizer.denses {
      let weight = try tensor(weightName, name)
      let canonical = transposed ? weight : try weight.permuted([1, 0])
      tensors["\(name).weight"] = canonical
      tensors["\(name).bias"] = try bias(biasName, canonical.shape[0], name)
    }
    let architecture = try settle(tensors)
    if structure.flavour == .torch && structure.doubleResolution && !recognizer.headsAreDCR {
      do throws(LiaeError) {
        try tensors.replaceHeads(of: Graph(architecture), NamingScheme.gatherHeads)
      } catch { throw error.within(file) }
    }
    return (architecture, tensors)
  }

  private func settle(_ tensors: TensorDictionary) throws(LiaeError) -> Architecture {
    var architecture = try ArchitectureInference(file: file, scheme: .canonical, tensors: tensors).infer()
    architecture.flavour = structure.flavour
    architecture.pixelNorm = recognizer.pixelNorm
    architecture.cosine = structure.cosine
    guard architecture.resolution == interpreter.resolution, architecture.family == structure.family,
      architecture.residualDeep == structure.residualDeep,
      architecture.doubleResolution == structure.doubleResolution
    else {
      throw LiaeError(
        .shapeMismatch,
        "\(file): the input is \(interpreter.resolution) pixels wide, and the dense layers are made for \(architecture.resolution)"
      )
    }
    do throws(LiaeError) { try architecture.validate() } catch { throw error.within(file) }
    // A 3x3 head with padding and one without are different networks of one shape.
    for (name, layer) in recognizer.layers where name.contains(text: ".out_conv") {
      guard layer.padding == (architecture.validHeads && !name.hasSuffix("convm") ? 0 : layer.kernel / 2) else {
        throw LiaeError(
          .unknownArchitecture,
          "\(file): \(name) has padding \(layer.padding), which no head of \(architecture.name) with kernel \(layer.kernel) has"
        )
      }
    }
    return architecture
  }

  private func tensor(_ name: String, _ layer: String) throws(LiaeError) -> TensorView {
    guard let tensor = interpreter.constants[name] else {
      throw LiaeError(.missingTensor, "\(file): \(layer) reads the weights \(name), which are missing")
    }
    return tensor.dtype == .float64 ? try tensor.asFloat32() : tensor
  }

  /// A graph without a bias adds nothing, which is a bias of zeros.
  private func bias(_ name: String?, _ count: Int, _ layer: String) throws(LiaeError) -> TensorView {
    guard let name else {
      return try TensorView(
        dtype: .float32, shape: [count],
        storage: try Bytes.allocate(CheckedSize.product(count, 4) ?? 0, for: "\(layer).bias"))
    }
    return try tensor(name, layer).reshaped([count])
  }
}
