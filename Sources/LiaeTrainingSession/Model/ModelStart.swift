// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeText

/// The beginning of one run of training: where the model comes from, and the settings that are in force.
package struct ModelStart {
  package let origin: ModelOrigin
  /// Those kept with the model, overridden by the settings file, overridden by what was given.
  package private(set) var settings: TrainingSettings
  /// Settings that differ from those kept with the model, as `key (old -> new)`.
  package private(set) var changes: [String] = []
  /// Whether the model was being pretrained, and no longer is.
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
    settings = origin.settings
    var before = settings
    if let config { try settings.read(config) }
    for (key, value) in given { try settings.set(key, value, source: "--") }
    switch origin {
    case .new: settings.adopt(try settings.architecture(), faceType: nil)
    case .weights(let model, _):
      // A checkpoint that does not say what its faces show leaves that open.
      if model.info.faceType == nil { before.faceType = settings.faceType }
      fallthrough
    case .state, .deepFaceLab:
      try Self.requireSameNetwork(before, settings, folder)
      changes = TrainingSettings.differences(before.stored, settings.stored)
    }
    endsPretraining = before.options.pretrain && !settings.options.pretrain
    try settings.check()
  }

  private static func requireSameNetwork(
    _ model: TrainingSettings, _ wanted: TrainingSettings, _ folder: ModelFolder
  ) throws(LiaeError) {
    for setting in TrainingSettings.networkTable {
      let (present, asked) = (setting.get(model).text(), setting.get(wanted).text())
      guard present == asked else {
        throw LiaeError(
          .invalidArgument,
          "--\(setting.key) is \(asked), and the model \(folder.name) in \(folder.path) has \(present); a model's network "
            + "stays what it is: leave the option out, or give --model another folder or --name another name")
      }
    }
  }
}

extension TrainingSettings {
  /// Takes over the options that DeepFaceLab kept with a model, as far as they have a meaning here.
  mutating func adopt(_ options: [(key: String, value: PickleValue)]) {
    for (key, value) in options {
      let json: JSON
      switch value {
      case .bool(let isOn): json = .boolean(isOn)
      case .string(let text): json = .string(text)
      default:
        // numpy's scalars come in wherever DeepFaceLab has clipped a number.
        if let whole = value.intValue {
          json = .integer(whole)
        } else if let real = value.doubleValue {
          json = .number(real)
        } else {
          continue
        }
      }
      // Old truth values of lr_dropout, batches of 0: what is not possible here stays as it is by default.
      try? set(key, json, source: "")
    }
  }
}
