// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension TrainingState {
  /// The network with the weights of the save; iteration and face type are the training's, colours are blue first.
  ///
  /// - Throws: `corruptFile` for settings that do not say what the network is; `missingTensor`, `shapeMismatch`,
  ///   `unknownArchitecture`, `outOfMemory`.
  package func model(_ options: OpenOptions = OpenOptions()) throws(LiaeError) -> Model {
    var info = ModelInfo(origin: .trained)
    let network = try NetworkSettings(settings, file: name)
    (info.faceType, info.iteration) = (network.faceType, iteration)
    var weights = TensorDictionary()
    let modules = try Architecture.Family.allModules()
    for tensor in tensors.names where Self.isWeight(tensor, modules) { weights[tensor] = tensors[tensor] }
    let rest = tensors.count - weights.count + leftOut
    if rest > 0 { info.notes.append("training state is not used: \(rest) tensors of optimisers and adversaries") }
    return try ForeignCheckpoint(
      file: name, scheme: .trainingState, tensors: weights, info: info, declared: network.declared,
      knowsColorOrder: true
    ).model(options)
  }
}

extension TrainingState {
  /// Tells whether a tensor of a state is needed to run the network.
  ///
  /// - Parameter modules: of every family's networks, so that settings which contradict the weights are noticed.
  static func isOfModel(_ tensor: String, modules: Set<String>) -> Bool {
    tensor == lossNames.source || tensor == lossNames.destination || isWeight(tensor, modules)
  }

  private static func isWeight(_ tensor: String, _ modules: Set<String>) -> Bool {
    modules.contains(tensor.split(separator: ".", maxSplits: 1).first.map(String.init) ?? "")
  }
}

/// Network that the settings of a training describe.
private struct NetworkSettings {
  let declared: DeclaredArchitecture
  let faceType: String

  /// - Throws: `corruptFile` where a key that is needed is missing or has no sense; what reading JSON throws.
  init(_ json: String, file: String) throws(LiaeError) {
    var texts: [String: String] = [:]
    var sizes: [String: Int] = [:]
    let bytes = try Array(json.utf8).withUnsafeBufferPointer { (text) throws(LiaeError) in
      try Bytes.copy(UnsafeRawBufferPointer(text), for: "the settings of \(file)")
    }
    var reader = JSONReader(bytes, offset: 0, end: bytes.count, name: file, part: "the settings")
    try reader.object("the settings") { (reader, key) throws(LiaeError) in
      switch key {
      case "arch", "flavour", "face-type":
        guard texts.updateValue(try reader.string(key), forKey: key) == nil else {
          throw reader.error("the settings say \(key) twice")
        }
      case "resolution", "e-dims", "ae-dims", "d-dims", "d-mask-dims", "inter-dims", "base-dims":
        if reader.peek() == UInt8(ascii: "n") { return try reader.word("null", key) }
        // Settings are named as options of the command line are.
        let name = String(key.map { $0 == "-" ? "_" : $0 })
        guard sizes.updateValue(try reader.size(key), forKey: name) == nil else {
          throw reader.error("the settings say \(key) twice")
        }
      default: try reader.skipValue(key)
      }
    }
    try reader.finish()
    func wrong(_ key: String, _ expected: String) -> LiaeError {
      let found = texts[key].map { "is \"\($0.prefix(80))\"" } ?? "is missing"
      return LiaeError(.corruptFile, "\(file): setting \(key) \(found); expected \(expected)")
    }
    guard let name = texts["arch"] else { throw wrong("arch", "a name such as liae-udt") }
    let (family, letters): (Architecture.Family, String)
    do throws(LiaeError) { (family, letters) = try Architecture.parse(name) } catch { throw error.within(file) }
    // XSeg has one flavour, of which its settings do not speak.
    let said = family == .xseg ? texts["flavour"] ?? Architecture.Flavour.dfl.rawValue : texts["flavour"]
    guard let flavour = said.flatMap(Architecture.Flavour.init) else {
      throw wrong("flavour", "dfl or torch")
    }
    guard let type = ModelInfo.faceTypes.first(where: { $0.name == texts["face-type"] }) else {
      throw wrong("face-type", "one of \(ModelInfo.faceTypes.map(\.name).joined(separator: ", "))")
    }
    faceType = type.name
    declared = DeclaredArchitecture(
      source: "the settings", family: family, options: letters, flavour: flavour, sizes: sizes)
  }
}
