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
    /// A folder with `NAME_SAEHD_encoder.npy` ... and `NAME_SAEHD_data.dat`, float32.
    case deepFaceLab(modelName: String)
    /// float32, as DeepFaceLab exports it.
    case dfm
    /// A training checkpoint of the PyTorch port: state dicts under encoder, inter_AB, inter_B, decoder, float32. A
    /// model of flavour dfl gets DeepFaceLab's module names and channel order.
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
    case .dfm: try writeGraph(model, to: path, replacing: replacing)
    case .torch: try writeTorch(model, to: path, replacing: replacing)
    }
  }

  /// What a reader of the written files will find other than in `model`, a sentence each: what the format cannot hold,
  /// and what had to be made up.
  package static func remarks(on model: Model, as format: Format) -> [String] {
    let info = model.info
    var remarks: [String] = []
    switch format {
    case .safetensors, .torch: return []
    case .dfm:
      if model.architecture.family == .df && !info.lacksDestinationPicture {
        remarks.append(
          "a .dfm holds the mask branch of decoder_dst alone: the destination cannot be reconstructed with it")
      }
    case .deepFaceLab:
      if info.faceType == nil {
        remarks.append("the face type is not known: data.dat says full_face, which DeepFaceLab's merger goes by")
      }
      if info.lacksDestinationPicture {
        remarks.append("the picture branch of decoder_dst is not there: DeepFaceLab starts it anew")
      }
    }
    if info.colorOrder == .rgb {
      remarks.append(
        "this format is read blue first: the channels of the first convolution and of the heads changed places")
    }
    return remarks
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
      for name in model.writtenNames { tensors[name] = try model.tensor(name).converted(to: dtype, name: name) }
    } catch { throw error.within(path) }
    try SafetensorsFile.write(tensors, metadata: CheckpointMetadata.encode(model), to: path, replacing: replacing)
  }

  private static func writeTorch(_ model: Model, to path: String, replacing: Bool) throws(LiaeError) {
    let architecture = model.architecture
    let scheme: NamingScheme = architecture.flavour == .torch ? .torchPort : .torchDeepFaceLab
    var canonical = TensorDictionary()
    for name in model.writtenNames { canonical[name] = try model.tensor(name).asFloat32() }
    for spec in architecture.tensors where spec.isUnused && canonical[spec.name] == nil {
      // PyTorch's strict loading wants the stage that is never run.
      let count = CheckedSize.product(spec.shape).flatMap { CheckedSize.product($0, 4) } ?? 0
      canonical[spec.name] = try TensorView(
        dtype: .float32, shape: spec.shape, storage: try Bytes.allocate(count, for: spec.name))
    }
    if scheme == .torchPort && architecture.doubleResolution {
      try canonical.replaceHeads(NamingScheme.scatterHeads)
    }
    let shuffled = Network(architecture).shuffledTensors
    var root: [(key: PickleValue, value: PickleValue)] = []
    for module in ModelReader.modules {
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
  var writtenNames: [String] {
    let left = info.lacksDestinationPicture ? architecture.destinationPictureTensors : []
    return architecture.tensors.map(\.name).filter { !left.contains($0) && tensors[$0] != nil }
  }

  /// A tensor as float32 for a program that reads blue first: where the model was trained red first, the channels of
  /// the first convolution and of the heads change places, so that it computes the same picture.
  func blueFirstTensor(_ name: String) throws(LiaeError) -> TensorView {
    let tensor = try tensor(name).asFloat32()
    guard info.colorOrder == .rgb else { return tensor }
    if name == "encoder.down1.conv1.weight" || name == "encoder.down1.downs.0.conv1.weight" {
      return try tensor.reversedChannels(axis: 1)
    }
    let parts = name.split(separator: ".")
    if parts.count == 3, parts[1].hasPrefix("out_conv"), parts[1] != "out_convm" {
      return try tensor.reversedChannels(axis: 0)
    }
    return tensor
  }

  /// The same model reading and returning blue first; itself where it does already.
  package func blueFirst() throws(LiaeError) -> Model {
    guard info.colorOrder == .rgb else { return self }
    var (info, tensors) = (info, tensors)
    info.colorOrder = .bgr
    for name in tensors.names where self.tensors[name] != nil { tensors[name] = try blueFirstTensor(name) }
    return try Model(architecture: architecture, info: info, tensors: tensors)
  }
}
