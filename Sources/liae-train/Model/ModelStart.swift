// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeText

/// Where training begins: a state of our own, a DeepFaceLab model, weights of another file, or nothing.
struct ModelStart {
  enum Origin {
    case state(StateFile)
    case deepFaceLab(Model, DeepFaceLabTraining)
    case weights(Model)
    case new
  }
  let origin: Origin
  /// What was kept with the model, then what the settings file and the command line say.
  private(set) var settings = TrainingSettings()
  /// Settings that are other than those kept with the model, as `key (old -> new)`.
  private(set) var changes: [String] = []
  /// Whether the model was being pretrained, and no longer is.
  private(set) var endsPretraining = false

  /// - Parameters:
  ///   - weights: a checkpoint that a new model starts from, or nil.
  ///   - config: a settings file, or nil.
  ///   - given: what the command line says.
  /// - Throws: `Failure` naming the option where the model is of another network than is asked for; where a file cannot
  ///   be read.
  init(_ folder: ModelFolder, weights: String?, config: String?, given: [(String, JSON)]) throws {
    origin = try Self.origin(folder, weights: weights)
    switch origin {
    case .state(let state):
      settings = try state.trainingSettings(folder.state)
    case .deepFaceLab(let model, let training):
      settings.adopt(training.options)
      settings.adopt(model.architecture, faceType: model.info.faceType)
    case .weights(let model): settings.adopt(model.architecture, faceType: model.info.faceType)
    case .new: break
    }
    var before = settings
    if let config { try settings.read(config) }
    for (key, value) in given { try settings.set(key, value, source: "--") }
    // A checkpoint that does not say what its faces show leaves that open.
    if case .weights(let model) = origin, model.info.faceType == nil { before.faceType = settings.faceType }
    if case .new = origin {
      settings.adopt(try settings.architecture(), faceType: nil)
    } else {
      try Self.requireSameNetwork(before, settings, folder)
      changes = TrainingSettings.differences(before.stored, settings.stored)
    }
    endsPretraining = before.options.pretrain && !settings.options.pretrain
    try settings.check()
  }

  private static func origin(_ folder: ModelFolder, weights: String?) throws -> Origin {
    if folder.hasState {
      if let weights {
        throw Failure(
          .usage, "--init is \(weights), and \(folder.state) is there already; weights are for a new model")
      }
      return .state(try asModel { () throws(LiaeError) in try StateFile(reading: folder.state) })
    }
    if let weights { return .weights(try open(weights)) }
    guard File.kind(folder.path) == .folder,
      let file = try DeepFaceLabTraining.representative(of: folder.name, in: folder.path)
    else { return .new }
    return .deepFaceLab(try open(file), try DeepFaceLabTraining(folder: folder.path, name: folder.name))
  }

  private static func open(_ path: String) throws -> Model {
    let model = try asModel { () throws(LiaeError) in try ModelReader.open(path: path).blueFirst() }
    for guess in model.info.guesses { Console.complain("\(path): \(guess)") }
    if model.info.lacksDestinationPicture {
      throw Failure(.model, "\(path): lacks the picture branch of decoder_dst, which cannot be trained without it")
    }
    return model
  }

  /// Damage of the file is that of the model.
  private static func asModel<Result>(_ body: () throws(LiaeError) -> Result) throws -> Result {
    do throws(LiaeError) { return try body() } catch {
      switch error.status {
      case .unknownFormat, .corruptFile, .limitExceeded, .unsafeFile, .unsupported:
        throw Failure(.model, error.message)
      default: throw error
      }
    }
  }

  private static func requireSameNetwork(
    _ model: TrainingSettings, _ wanted: TrainingSettings, _ folder: ModelFolder
  ) throws {
    for setting in TrainingSettings.networkTable {
      let (present, asked) = (setting.get(model).text(), setting.get(wanted).text())
      guard present == asked else {
        throw Failure(
          .usage,
          "--\(setting.key) is \(asked), and the model \(folder.name) in \(folder.path) has \(present); a model's network "
            + "stays what it is: leave the option out, or give --model another folder or --name another name")
      }
    }
  }
}

extension TrainingSettings {
  /// Takes over what DeepFaceLab kept with a model, as far as it has a meaning here.
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
