// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension ModelReader {
  static func openDeepFaceLab(folder: String, options: OpenOptions) throws(LiaeError) -> Model {
    let sets = try DeepFaceLabSet.all(in: folder)
    guard let set = sets.first else {
      let foreign = try File.list(folder).compactMap { DeepFaceLabSet.containing("\(folder)/\($0)")?.prefix }
        .compactMap(DeepFaceLabSet.foreignKind)
      if let kind = foreign.first {
        throw LiaeError(
          .unsupported,
          "\(folder): holds a model of DeepFaceLab's \(kind), which this library does not run; expected SAEHD")
      }
      throw LiaeError(
        .unknownFormat,
        "\(folder): no model; expected files such as NAME_SAEHD_encoder.npy and NAME_SAEHD_data.dat, or NAME_liae-train.safetensors"
      )
    }
    guard sets.count == 1 else {
      let names = sets.map(\.representative).joined(separator: ", ")
      throw LiaeError(
        .invalidArgument, "\(folder): holds \(sets.count) models; open one file of the one that is meant: \(names)")
    }
    return try open(set, options)
  }

  static func openDeepFaceLab(file: String, options: OpenOptions) throws(LiaeError) -> Model {
    guard let set = DeepFaceLabSet.containing(file) else {
      throw LiaeError(
        .unknownFormat,
        "\(file): a pickle whose name is none of a DeepFaceLab model's files; expected a name such as NAME_SAEHD_encoder.npy"
      )
    }
    if let kind = DeepFaceLabSet.foreignKind(set.prefix) {
      throw LiaeError(
        .unsupported,
        "\(file): part of a model of DeepFaceLab's \(kind), which this library does not run; expected SAEHD")
    }
    return try open(set, options)
  }

  private static func open(_ set: DeepFaceLabSet, _ options: OpenOptions) throws(LiaeError) -> Model {
    var info = ModelInfo(origin: .deepFaceLab)
    var declared: DeclaredArchitecture?
    if set.has(DeepFaceLabSet.dataFile) {
      declared = try readData(set, &info)
    } else {
      info.notes.append(
        "there is no \(set.prefix)\(DeepFaceLabSet.dataFile): the architecture was read off the weights")
    }
    let family = try Self.family(set, declared, options)
    let modules =
      family == .liae
      ? ["encoder", "inter_AB", "inter_B", "decoder"] : ["encoder", "inter", "decoder_src", "decoder_dst"]
    var tensors = TensorDictionary()
    for module in modules {
      let path = set.path("\(module).npy")
      guard set.has("\(module).npy") else {
        throw LiaeError(
          .missingTensor,
          "\(path): the file is missing; a \(family.rawValue) model needs \(modules.map { "\($0).npy" }.joined(separator: ", "))"
        )
      }
      let weights = try DeepFaceLabFile.parseWeights(try Bytes.map(path: path), name: path)
      for name in weights.names { tensors["\(module)/\(name)"] = weights[name] }
    }
    let unused = DeepFaceLabSet.companions.filter { $0.hasSuffix(".npy") && set.has($0) }
    if !unused.isEmpty { info.notes.append("training state is not used: \(unused.joined(separator: ", "))") }
    return try ForeignCheckpoint(
      file: "\(set.folder)/\(set.prefix)*", scheme: .tensorFlow, tensors: tensors, info: info, declared: declared,
      knowsColorOrder: true
    ).model(options)
  }

  /// As data.dat or the caller says; else as the files that are there say.
  private static func family(_ set: DeepFaceLabSet, _ declared: DeclaredArchitecture?, _ options: OpenOptions)
    throws(LiaeError) -> Architecture.Family
  {
    if let declared { return declared.family }
    let isLIAE = set.has("inter_AB.npy") || set.has("inter_B.npy") || set.has("decoder.npy")
    let isDF = set.has("inter.npy") || set.has("decoder_src.npy") || set.has("decoder_dst.npy")
    if isLIAE && isDF {
      guard let given = options.architecture else {
        throw LiaeError(
          .unknownArchitecture,
          "\(set.folder)/\(set.prefix)*: files of both liae and df and no \(DeepFaceLabSet.dataFile); name the architecture (--arch liae-ud)"
        )
      }
      return try Architecture.parse(given).family
    }
    return isDF ? .df : .liae
  }

  /// Architecture, face type and iteration of data.dat.
  private static func readData(_ set: DeepFaceLabSet, _ info: inout ModelInfo) throws(LiaeError)
    -> DeclaredArchitecture
  {
    let path = set.path(DeepFaceLabSet.dataFile)
    let data = try DeepFaceLabFile.parseData(try Bytes.map(path: path), name: path)
    guard let settings = data["options"], settings.pairs != nil else {
      throw LiaeError(.corruptFile, "\(path): has no dictionary \"options\"; expected the data file of a SAEHD model")
    }
    guard let name = settings["archi"]?.stringValue else {
      throw LiaeError(
        .corruptFile,
        "\(path): options lack the text \"archi\" (\(settings["archi"]?.kind ?? "missing")); expected liae or df with letters of u, d, t, c"
      )
    }
    let (family, archiLetters): (Architecture.Family, String)
    do throws(LiaeError) { (family, archiLetters) = try Architecture.parse(name) } catch { throw error.within(path) }
    func size(_ key: String) throws(LiaeError) -> Int? {
      guard let value = settings[key] else { return nil }
      if case .none = value { return nil }
      guard let number = value.intValue else {
        throw LiaeError(.corruptFile, "\(path): option \(key) is \(value.kind); expected a whole number")
      }
      return number
    }
    info.iteration = data["iter"]?.intValue.flatMap { $0 >= 0 ? $0 : nil }
    if let letters = settings["face_type"]?.stringValue {
      info.faceType = ModelInfo.faceTypes.first(where: { $0.letters == letters })?.name
    }
    return DeclaredArchitecture(
      source: "\(set.prefix)\(DeepFaceLabSet.dataFile)", family: family, options: archiLetters, flavour: .dfl,
      resolution: try size("resolution"), eDims: try size("e_dims"), aeDims: try size("ae_dims"),
      dDims: try size("d_dims"), dMaskDims: try size("d_mask_dims"))
  }
}
