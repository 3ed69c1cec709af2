// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeFormats
import LiaeSystem
import LiaeText

/// The beginning of one run of training: where the model comes from, and the settings that are in force.
package struct ModelStart {
  package let origin: ModelOrigin
  /// The settings kept with the model, overridden by the settings file, overridden by what was given.
  package private(set) var settings: TrainingSettings
  /// Settings that differ from those kept with the model, as `key (old -> new)`.
  package private(set) var changes: [String] = []
  /// Remarks on the start for the user, a sentence each.
  package private(set) var remarks: [String]
  /// True if the model was being pretrained, and no longer is.
  let endsPretraining: Bool

  /// - Parameters:
  ///   - config: a settings file, or nil.
  ///   - given: settings by their keys, as the command line gives them.
  /// - Throws: `invalidArgument` naming the option where a setting is not possible, contradicts another, or describes
  ///   another network than the model's; where the settings file cannot be read.
  package init(
    _ origin: ModelOrigin, in folder: ModelFolder, config: String?, given: [(key: String, value: JSON)]
  ) throws(LiaeError) {
    self.origin = origin
    (settings, remarks) = origin.settings
    var before = settings
    var said = given.map(\.key)
    if let config { said += try settings.read(config) }
    for (key, value) in given { try settings.set(key, value, source: "--") }
    if let unknown = origin.unknownFaceType {
      // That is for the user to say.
      before.faceType = settings.faceType
      if !said.contains("face-type") { remarks.append(assumption(of: settings.faceType, unknown)) }
    }
    switch origin {
    case .new: settings.adopt(try settings.architecture(), faceType: nil)
    case .weights, .state, .deepFaceLab:
      try TrainingSettings.requireSameNetwork(before, settings, folder)
      changes = TrainingSettings.differences(before.stored, settings.stored)
    }
    endsPretraining = before.options.pretrain && !settings.options.pretrain
    try settings.check()
  }
}

extension ModelSettings {
  /// Takes over the options that DeepFaceLab kept with a model, as far as they have a meaning here. What the network is, the
  /// weights tell.
  ///
  /// - Returns: of each option whose value is not possible here, what was found and what stays in its place.
  package mutating func adopt(_ options: [(key: String, value: PickleValue)]) -> [String] {
    var refused: [String] = []
    for (key, value) in options {
      guard let json = Self.json(value) else { continue }
      let name = Self.translated(key, json).key
      guard let setting = Self.table.first(where: { $0.key == name }),
        !Self.networkTable.contains(where: { $0.key == name })
      else { continue }
      do throws(LiaeError) { try set(key, json, source: "option ") } catch {
        refused.append("\(error.message); \(setting.get(self).text()) is taken")
      }
    }
    return refused
  }

  /// A value of an option; nil for None, and for what is none.
  private static func json(_ value: PickleValue) -> JSON? {
    switch value {
    case .bool(let isOn): return .boolean(isOn)
    case .string(let text): return .string(text)
    case .tensor(let view) where view.dtype == .bool: return value.boolValue.map(JSON.boolean)
    default:
      // numpy's scalars come in wherever DeepFaceLab has clipped a number.
      return value.intValue.map(JSON.integer) ?? value.doubleValue.map(JSON.number)
    }
  }
}

/// The remark on a face type that the weights of a model do not tell.
///
/// - Parameter reason: a clause that names the file.
func assumption(of type: FaceType, _ reason: String) -> String {
  "\(reason); \(type.rawValue) is assumed. --face-type says otherwise, now and not later: it stays with the model"
}
