// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// The metadata of a frozen checkpoint under `__metadata__`: docs/checkpoint.md.
enum CheckpointMetadata {
  /// The key whose presence makes a file one of ours; its value is the version.
  static let marker = "liae_checkpoint"
  static let version = "1"

  static func encode(_ model: Model) -> [String: String] {
    let a = model.architecture
    var entries = [
      marker: version, "architecture": a.name, "flavour": a.flavour.rawValue,
      "color_order": model.info.colorOrder.rawValue, "origin": model.info.origin.rawValue,
    ]
    for (name, value) in a.sizes { entries[name] = "\(value)" }
    if let faceType = model.info.faceType { entries["face_type"] = faceType }
    if let iteration = model.info.iteration { entries["iteration"] = "\(iteration)" }
    if let morph = model.info.trainedMorph { entries["morph_factor"] = "\(morph)" }
    if !model.info.guesses.isEmpty { entries["guesses"] = model.info.guesses.joined(separator: "\n") }
    return entries
  }

  /// - Throws: `unsupported` for another version, `corruptFile` for a key that is missing or has no sense.
  static func decode(_ entries: [String: String], file: String) throws(LiaeError) -> (DeclaredArchitecture, ModelInfo) {
    func value(_ key: String, _ expected: String) throws(LiaeError) -> String {
      guard let value = entries[key] else {
        throw LiaeError(.corruptFile, "\(file): the metadata lacks \(key); expected \(expected)")
      }
      return value
    }
    func wrong(_ key: String, _ expected: String) -> LiaeError {
      LiaeError(
        .corruptFile, "\(file): metadata \(key) is \"\((entries[key] ?? "").prefix(80))\"; expected \(expected)")
    }
    func integer(_ key: String) throws(LiaeError) -> Int {
      guard let number = Int(try value(key, "a whole number")) else { throw wrong(key, "a whole number") }
      return number
    }

    let found = try value(marker, version)
    guard found == version else {
      throw LiaeError(
        .unsupported,
        "\(file): checkpoint format \(found.prefix(20)); this library reads \(version), a newer one may read it")
    }
    let (family, options): (Architecture.Family, String)
    let name = try value("architecture", "a name such as liae-udt")
    do throws(LiaeError) { (family, options) = try Architecture.parse(name) } catch { throw error.within(file) }
    guard let flavour = Architecture.Flavour(rawValue: try value("flavour", "dfl or torch")) else {
      throw wrong("flavour", "dfl or torch")
    }
    guard let color = ColorOrder(rawValue: try value("color_order", "bgr or rgb")) else {
      throw wrong("color_order", "bgr or rgb")
    }
    let origins = ModelInfo.Origin.allCases.map(\.rawValue).joined(separator: ", ")
    guard let origin = ModelInfo.Origin(rawValue: entries["origin"] ?? ModelInfo.Origin.safetensors.rawValue) else {
      throw wrong("origin", "one of \(origins)")
    }
    var info = ModelInfo(origin: origin)
    info.colorOrder = color
    let faceTypes = ModelInfo.faceTypes.map(\.name)
    info.faceType = entries["face_type"]
    if let faceType = info.faceType, !faceTypes.contains(faceType) {
      throw wrong("face_type", "one of \(faceTypes.joined(separator: ", "))")
    }
    if entries["iteration"] != nil {
      let iteration = try integer("iteration")
      guard iteration >= 0 else { throw wrong("iteration", "0 or more") }
      info.iteration = iteration
    }
    if let text = entries["morph_factor"] {
      guard let morph = Double(text), ModelInfo.trainedMorphRange.contains(morph) else {
        throw wrong("morph_factor", "0 to 1")
      }
      info.trainedMorph = morph
    }
    if let guesses = entries["guesses"] { info.guesses = guesses.split(separator: "\n").map(String.init) }
    var declared = DeclaredArchitecture(source: "the metadata", family: family, options: options, flavour: flavour)
    for (name, _) in Architecture.smallest(family).sizes { declared.sizes[name] = try integer(name) }
    return (declared, info)
  }
}
