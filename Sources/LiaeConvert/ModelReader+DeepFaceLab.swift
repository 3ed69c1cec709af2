// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension ModelReader {
  /// The file of the XSeg model in a folder of DeepFaceLab's, which may hold a model that swaps too; any other path as it
  /// is.
  package static func segmentationFile(_ path: String) -> String {
    let set = DeepFaceLabSet(folder: path, name: "", kind: .xseg)
    return set.has(DeepFaceLabSet.segmentationFile) ? set.path(DeepFaceLabSet.segmentationFile) : path
  }

  static func openDeepFaceLab(folder: String, options: OpenOptions) throws(LiaeError) -> Model {
    let sets = try DeepFaceLabSet.all(in: folder)
    guard let set = sets.first else {
      for name in try File.list(folder) {
        if let kind = try DeepFaceLabSet.containing(name)?.foreignKind { throw foreign("\(folder): holds", kind) }
      }
      throw LiaeError(
        .unknownFormat,
        "\(folder): no model; expected files such as \(DeepFaceLabKind.expected), or NAME_liae-train.safetensors")
    }
    guard sets.count == 1 else {
      let names = sets.map(\.representative).joined(separator: ", ")
      throw LiaeError(
        .invalidArgument, "\(folder): holds \(sets.count) models; open one file of the one that is meant: \(names)")
    }
    return try open(set, options)
  }

  static func openDeepFaceLab(file: String, options: OpenOptions) throws(LiaeError) -> Model {
    guard let set = try DeepFaceLabSet.containing(file) else {
      throw LiaeError(
        .unknownFormat,
        "\(file): a pickle whose name is none of a DeepFaceLab model's files; expected a name such as \(DeepFaceLabKind.expected)"
      )
    }
    if let kind = set.foreignKind { throw foreign("\(file): part of", kind) }
    return try open(set, options)
  }

  private static func foreign(_ what: String, _ kind: String) -> LiaeError {
    let kinds = DeepFaceLabKind.allCases.map(\.rawValue).joined(separator: " or ")
    return LiaeError(
      .unsupported, "\(what) a model of DeepFaceLab's \(kind), which this library does not run; expected \(kinds)")
  }

  private static func open(_ set: DeepFaceLabSet, _ options: OpenOptions) throws(LiaeError) -> Model {
    var info = ModelInfo(origin: .deepFaceLab)
    var declared: DeclaredArchitecture?
    let family: Architecture.Family
    if set.has(DeepFaceLabSet.dataFile) {
      let said = try readData(set, &info)
      (declared, family) = (said, said.family)
    } else {
      family = try self.family(of: set, options)
      info.notes.append(
        "there is no \(set.prefix)\(DeepFaceLabSet.dataFile): the architecture was read off the weights")
    }
    let modules = try family.modules()
    var tensors = TensorDictionary()
    for module in modules {
      let file = DeepFaceLabSet.weightFile(module)
      let path = set.path(file)
      guard set.has(file) else {
        let needed = modules.map(DeepFaceLabSet.weightFile).joined(separator: ", ")
        throw LiaeError(.missingTensor, "\(path): the file is missing; a model of \(family.rawValue) needs \(needed)")
      }
      let weights = try DeepFaceLabFile.parseWeights(try Bytes.read(path: path), name: path)
      for name in weights.names { tensors["\(module)/\(name)"] = weights[name] }
    }
    let unused = DeepFaceLabSet.companions.filter { $0.hasSuffix(".npy") && set.has($0) }
    if !unused.isEmpty { info.notes.append("training state is not used: \(unused.joined(separator: ", "))") }
    return try ForeignCheckpoint(
      file: "\(set.folder)/\(set.prefix)*", scheme: .tensorFlow, tensors: tensors, info: info, declared: declared,
      knowsColorOrder: true
    ).model(options)
  }

  /// The family whose modules are there, where no data file says it: of the families that the files' names allow, the
  /// one that has a module which no other has.
  private static func family(of set: DeepFaceLabSet, _ options: OpenOptions) throws(LiaeError) -> Architecture.Family {
    let families = set.kind?.families ?? Architecture.Family.allCases
    var modules: [Architecture.Family: [String]] = [:]
    for family in families { modules[family] = try family.modules() }
    let present = families.filter { family in
      let others = families.filter { $0 != family }.flatMap { modules[$0] ?? [] }
      return (modules[family] ?? []).contains { !others.contains($0) && set.has(DeepFaceLabSet.weightFile($0)) }
    }
    guard present.count > 1 else { return present.first ?? families[0] }
    guard let given = options.architecture else {
      let names = present.map(\.rawValue).joined(separator: " and ")
      throw LiaeError(
        .unknownArchitecture,
        "\(set.folder)/\(set.prefix)*: files of \(names) and no \(DeepFaceLabSet.dataFile); name the architecture (--arch liae-ud)"
      )
    }
    return try Architecture.parse(given).family
  }

  /// Architecture, face type, iteration and morph factor of data.dat.
  private static func readData(_ set: DeepFaceLabSet, _ info: inout ModelInfo) throws(LiaeError)
    -> DeclaredArchitecture
  {
    let path = set.path(DeepFaceLabSet.dataFile)
    func corrupt(_ what: String) -> LiaeError { LiaeError(.corruptFile, "\(path): \(what)") }
    let data = try DeepFaceLabFile.parseData(try Bytes.read(path: path), name: path)
    guard let settings = data["options"], settings.pairs != nil else {
      throw corrupt("has no dictionary \"options\"; expected the data file of a DeepFaceLab model")
    }
    /// An option that is there and not None.
    func option(_ key: String) -> PickleValue? {
      if case .none? = settings[key] { nil } else { settings[key] }
    }

    // The options of AMP and of XSeg have no archi.
    var (family, letters) = (set.kind == .xseg ? Architecture.Family.xseg : .amp, "")
    if let archi = option("archi") {
      guard let name = archi.stringValue else {
        throw corrupt("option archi is \(archi.kind); expected liae or df with letters of u, d, t, c")
      }
      do throws(LiaeError) { (family, letters) = try Architecture.parse(name) } catch { throw error.within(path) }
    } else if option("inter_dims") == nil && set.kind != .amp && set.kind != .xseg {
      throw corrupt("options have neither archi, as those of SAEHD, nor inter_dims, as those of AMP")
    }
    if let kind = set.kind, kind != DeepFaceLabKind(family) {
      throw corrupt("describes a network of \(family.rawValue), and its name says \(kind.rawValue)")
    }

    info.iteration = data["iter"]?.intValue.flatMap { (0...TrainingState.counterLimit).contains($0) ? $0 : nil }
    if let value = option("face_type") {
      let letters = value.stringValue
      info.faceType = ModelInfo.faceTypes.first { $0.letters == letters }?.name
      if info.faceType == nil {
        let known = ModelInfo.faceTypes.map(\.letters).joined(separator: ", ")
        info.notes.append(
          "option face_type is \(letters.map { "\"\($0.prefix(40))\"" } ?? value.kind), none of \(known): the face type is not known"
        )
      }
    }
    var declared = DeclaredArchitecture(
      source: "\(set.prefix)\(DeepFaceLabSet.dataFile)", family: family, options: letters, flavour: .dfl)
    for (name, _) in Architecture.smallest(family).sizes {
      guard let value = option(name) else { continue }
      guard let number = value.intValue else {
        throw corrupt("option \(name) is \(value.kind); expected a whole number")
      }
      declared.sizes[name] = number
    }
    if family == .amp, let value = option("morph_factor") {
      guard let morph = value.doubleValue, ModelInfo.trainedMorphRange.contains(morph) else {
        throw corrupt("option morph_factor is \(value.doubleValue.map { "\($0)" } ?? value.kind); expected 0 to 1")
      }
      info.trainedMorph = morph
    }
    return declared
  }
}
