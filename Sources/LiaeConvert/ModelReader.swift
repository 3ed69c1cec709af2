// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// The caller's knowledge of a checkpoint, which the file may lack.
package struct OpenOptions: Sendable {
  /// `liae-udt`: overrules what the file says or what would be guessed of `u` and `c`, which change no shape. What the
  /// shapes tell must agree.
  package var architecture: String?
  /// Overrules what the file says or what would be guessed.
  package var colorOrder: ColorOrder?
  /// The face type of the model, as `whole_face` or DeepFaceLab's `wf`: overrules what the file says. A `.dfm` does not
  /// say it.
  package var faceType: String?
  package init(architecture: String? = nil, colorOrder: ColorOrder? = nil, faceType: String? = nil) {
    (self.architecture, self.colorOrder, self.faceType) = (architecture, colorOrder, faceType)
  }

  /// The name of the face type; nil where none is given.
  ///
  /// - Throws: `invalidArgument` for a face type that models do not have.
  package func faceTypeName() throws(LiaeError) -> String? {
    guard let faceType else { return nil }
    if let name = ModelInfo.faceType(faceType) { return name }
    let known = ModelInfo.faceTypes.map { $0.letters == $0.name ? $0.name : "\($0.name) (\($0.letters))" }
    throw LiaeError(
      .invalidArgument, "\"\(faceType)\" is no face type of a model; expected \(known.joined(separator: ", "))")
  }
}

/// Opens a checkpoint of any kind, recognised by its content.
package enum ModelReader {
  /// - Parameter path: a file (safetensors, liae-train's state, one of a DeepFaceLab set, .dfm/.onnx, .pt/.pth), or the
  ///   folder of one model that liae-train or DeepFaceLab trains.
  /// - Throws: `fileNotFound`, `inputOutput`, `unknownFormat`; what the format's reader throws (20 to 26); for a network
  ///   that is not one of ours `unknownArchitecture`, `missingTensor`, `shapeMismatch`, `unsupported`;
  ///   `invalidArgument` for options that there are not.
  package static func open(path: String, options: OpenOptions = OpenOptions()) throws(LiaeError) -> Model {
    try open(CheckpointFile(path: path), options: options)
  }

  /// Opens what was found at a path.
  ///
  /// - Throws: as `open(path:)`.
  package static func open(_ file: CheckpointFile, options: OpenOptions = OpenOptions()) throws(LiaeError) -> Model {
    try opening(options) { () throws(LiaeError) in
      switch file.content {
      case .folder: return try open(folder: file.path, options: options)
      case .file(.pickle, _): return try openDeepFaceLab(file: file.path, options: options)
      case .file(.safetensors, let opened):
        return try openSafetensors(readWeights(opened), name: file.path, options: options)
      case .file(let format, let opened):
        // What a power cut leaves of a pickle is known by its name alone. Other files are not read for it.
        if format == .unknown, try DeepFaceLabSet.containing(file.path) != nil,
          try LostContent.remark(Bytes.read(opened)) != nil
        {
          return try openDeepFaceLab(file: file.path, options: options)
        }
        // What is no checkpoint is not read for that to be said.
        let isRead = format == .onnx || format == .torchArchive
        let bytes = try isRead ? Bytes.read(opened) : opened.prefix(FormatSniffer.bytes)
        return try openFile(bytes, format, name: file.path, options: options)
      }
    }
  }

  /// Opens what one file holds: safetensors, liae-train's state, .dfm/.onnx, .pt/.pth. Tensors stay views into `memory`
  /// where the layout allows it.
  ///
  /// - Parameter name: what messages call the memory.
  /// - Throws: as `open(path:)`; `unsupported` for one file of a DeepFaceLab set, which needs the others.
  package static func open(memory: Bytes, name: String = "memory", options: OpenOptions = OpenOptions())
    throws(LiaeError) -> Model
  {
    try opening(options) { () throws(LiaeError) in
      try openFile(memory, FormatSniffer.sniff(memory), name: name, options: options)
    }
  }

  /// Opens a model with what all formats have in common: the face type has no part in how weights are read.
  private static func opening(_ options: OpenOptions, _ body: () throws(LiaeError) -> Model) throws(LiaeError) -> Model
  {
    let faceType = try options.faceTypeName()
    var model = try body()
    if let faceType { model.info.faceType = faceType }
    return model
  }

  private static func openFile(_ memory: Bytes, _ format: FormatSniffer, name: String, options: OpenOptions)
    throws(LiaeError) -> Model
  {
    switch format {
    case .safetensors:
      return try openSafetensors(SafetensorsFile.parse(memory, name: name), name: name, options: options)
    case .onnx: return try openGraph(memory, name: name, options: options)
    case .torchArchive: return try openTorch(memory, name: name, options: options)
    case .pickle:
      throw LiaeError(
        .unsupported,
        "\(name): a pickle, as DeepFaceLab writes them, is one file of a set; open the folder, or a file by its path")
    case .numpy:
      throw LiaeError(
        .unknownFormat,
        "\(name): one numpy array; a DeepFaceLab model's .npy files are pickles, and this is none of them")
    case .png, .jpeg:
      throw LiaeError(.unknownFormat, "\(name): a picture; expected a checkpoint")
    case .packedWeights:
      throw LiaeError(
        .unsupported,
        "\(name): packed weights, which run and cannot be turned back into a checkpoint; expected the checkpoint")
    case .unknown:
      let remark = LostContent.remark(memory) ?? StrayText.remark(memory) ?? "no checkpoint that is known"
      throw LiaeError(
        .unknownFormat, "\(name): \(remark); expected safetensors, a DeepFaceLab model, .dfm, .onnx, .pt or .pth")
    }
  }

  /// The tensors of a safetensors file; of the state of a training no moments of optimisers.
  private static func readWeights(_ file: File) throws(LiaeError) -> SafetensorsFile {
    // Made for states alone, and once.
    var modules: Set<String>?
    return try SafetensorsFile.read(file) { (tensor, metadata) throws(LiaeError) in
      if metadata[TrainingState.marker] == nil { return true }
      if modules == nil { modules = try Architecture.Family.allModules() }
      return TrainingState.isOfModel(tensor, modules: modules ?? [])
    }
  }

  /// A frozen checkpoint of ours, the state of a training, or weights of another program's names.
  private static func openSafetensors(_ file: SafetensorsFile, name: String, options: OpenOptions) throws(LiaeError)
    -> Model
  {
    if file.metadata[CheckpointMetadata.marker] != nil {
      let (declared, info) = try CheckpointMetadata.decode(file.metadata, file: name)
      return try ForeignCheckpoint(
        file: name, scheme: .canonical, tensors: file.tensors, info: info, declared: declared, knowsColorOrder: true
      ).model(options)
    }
    if file.metadata[TrainingState.marker] != nil { return try TrainingState(file, name: name).model(options) }
    return try openNamed(file.tensors, name: name, info: ModelInfo(origin: .safetensors), options: options)
  }

  /// Weights that only their names describe.
  static func openNamed(_ tensors: TensorDictionary, name: String, info: ModelInfo, options: OpenOptions)
    throws(LiaeError) -> Model
  {
    let tensors = try tensors.withoutWrappers(file: name)
    guard let scheme = NamingScheme.recognize(tensors.names) else {
      let listed = tensors.names.prefix(4).joined(separator: ", ")
      throw LiaeError(
        .unknownArchitecture,
        "\(name): \(tensors.count) tensors, none with a name of a network of ours (\(listed)); expected names such as decoder.main_path.0.conv.weight or decoder.upscale0.conv1.weight"
      )
    }
    return try ForeignCheckpoint(
      file: name, scheme: scheme, tensors: tensors, info: info, declared: nil,
      knowsColorOrder: scheme == .tensorFlow
    ).model(options)
  }
}

extension TensorDictionary {
  /// The tensors without the `module.` and `_orig_mod.` that PyTorch's wrappers put into names.
  func withoutWrappers(file: String) throws(LiaeError) -> TensorDictionary {
    var result = TensorDictionary()
    for name in names {
      var plain = name
      if name.contains(text: "module.") || name.contains(text: "_orig_mod.") {
        plain = name.split(separator: ".", omittingEmptySubsequences: false)
          .filter { $0 != "module" && $0 != "_orig_mod" }.joined(separator: ".")
      }
      guard result[plain] == nil else {
        throw LiaeError(.corruptFile, "\(file): two tensors are called \(plain) once wrappers are taken off \(name)")
      }
      result[plain] = self[name]
    }
    return result
  }
}
