// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Writes a model in one of the formats that other programs read. Files are written whole or not at all.
package enum ModelWriter {
  package enum Format: Sendable, Equatable {
    /// The frozen form, docs/checkpoint.md. The type is that of the stored weights: float32, float16, bfloat16.
    case safetensors(DType)
    /// A folder with `NAME_SAEHD_encoder.npy` ... and `NAME_SAEHD_data.dat`, for AMP `NAME_AMP_encoder.npy` ..., for XSeg
    /// `XSeg_256.npy` and `XSeg_data.dat`, float32.
    case deepFaceLab(modelName: String)
    /// DeepFaceLab's export. The type is that of the convolutions' weights and arithmetic: float32, or float16 as with
    /// "Export quantized"; dense layers stay float32.
    case dfm(DType)
    /// A training checkpoint of the PyTorch port: a state dict for each module, float32. A model of flavour dfl gets
    /// DeepFaceLab's module names and channel order.
    case torch
  }

  /// - Parameters:
  ///   - path: a file; for `deepFaceLab` a folder, made where it is missing.
  ///   - training: for `deepFaceLab`, what lets DeepFaceLab go on training; other formats have no place for it.
  ///   - replacing: without it, files that are there already are an error and stay as they are.
  /// - Throws: `fileExists`, `inputOutput`, `invalidArgument`; `unsupported` where the format cannot express the network.
  package static func write(
    _ model: Model, to path: String, as format: Format, training: DeepFaceLabTraining? = nil, replacing: Bool
  ) throws(LiaeError) {
    switch format {
    case .safetensors(let dtype): try writeSafetensors(model, to: path, dtype, replacing: replacing)
    case .deepFaceLab(let name):
      try writeDeepFaceLab(model, training, folder: path, name: name, replacing: replacing)
    case .dfm(let dtype): try writeGraph(model, to: path, dtype, replacing: replacing)
    case .torch: try writeTorch(model, to: path, replacing: replacing)
    }
  }

  private static func writeSafetensors(_ model: Model, to path: String, _ dtype: DType, replacing: Bool)
    throws(LiaeError)
  {
    guard [.float32, .float16, .bfloat16].contains(dtype) else {
      throw LiaeError(
        .invalidArgument, "weights cannot be stored as \(dtype.rawValue); expected float32, float16 or bfloat16")
    }
    var tensors = TensorDictionary()
    do throws(LiaeError) {
      for name in try model.writtenNames() { tensors[name] = try model.tensor(name).converted(to: dtype, name: name) }
    } catch { throw error.within(path) }
    try SafetensorsFile.write(tensors, metadata: CheckpointMetadata.encode(model), to: path, replacing: replacing)
  }

  private static func writeTorch(_ model: Model, to path: String, replacing: Bool) throws(LiaeError) {
    let (architecture, graph) = (model.architecture, model.graph)
    guard graph.canSwap else {
      throw LiaeError(
        .unsupported,
        "\(path): no program keeps \(architecture.name) in this format; expected safetensors, DeepFaceLab's files or .onnx"
      )
    }
    let scheme: NamingScheme = architecture.flavour == .torch ? .torchPort : .torchDeepFaceLab
    var canonical = TensorDictionary()
    for name in try model.writtenNames() { canonical[name] = try model.tensor(name).asFloat32() }
    // PyTorch's strict loading wants the stage that is never run.
    for spec in graph.tensors where spec.isUnused && canonical[spec.name] == nil {
      canonical[spec.name] = try .zeros(spec)
    }
    if scheme == .torchPort && architecture.doubleResolution {
      try canonical.replaceHeads(of: graph, NamingScheme.scatterHeads)
    }
    let shuffled = graph.shuffledTensors
    var root: [(key: PickleValue, value: PickleValue)] = []
    for module in graph.modules {
      var entries: [(key: PickleValue, value: PickleValue)] = []
      for name in canonical.names where name.hasPrefix("\(module).") {
        guard let tensor = canonical[name] else { continue }
        let foreign = scheme.name(name, doubleResolution: architecture.doubleResolution).dropFirst(module.count + 1)
        let laidOut = try scheme.foreignLayout(tensor, isShuffled: shuffled.contains(name))
        entries.append((.string(String(foreign)), .tensor(laidOut)))
      }
      if !entries.isEmpty { root.append((.string(module), .dictionary(entries))) }
    }
    root.append((.string("global_step"), .int(model.info.iteration ?? 0)))
    let metadata = CheckpointMetadata.encode(model).sorted { $0.key < $1.key }
    root.append(
      (.string(ModelReader.torchMetadataKey), .dictionary(metadata.map { (.string($0.key), .string($0.value)) })))
    try TorchArchive.write(.dictionary(root), to: path, replacing: replacing)
  }
}

extension Model {
  /// The tensors that a file of this model holds, in the order of the network: not the zeros that stand for a branch
  /// that its own file left out.
  func writtenNames() throws(LiaeError) -> [String] {
    let left = info.lacksDestinationPicture ? try graph.destinationPictureTensors() : []
    return graph.tensors.map(\.name).filter { !left.contains($0) && tensors[$0] != nil }
  }

  /// Returns the model reading and returning blue first; itself where it does already. Where it was trained red first,
  /// the channels of the first convolution and of the heads change places, so that it computes the same picture.
  package func blueFirst() throws(LiaeError) -> Model {
    guard info.colorOrder == .rgb else { return self }
    var (info, tensors) = (info, tensors)
    info.colorOrder = .bgr
    for (name, axis) in try graph.colorAxes() { tensors[name] = try tensor(name).reversedChannels(axis: axis) }
    return try Model(architecture: architecture, info: info, tensors: tensors)
  }
}
