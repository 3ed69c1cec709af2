// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeSystem

/// Origin of a training's weights: its own last save, a DeepFaceLab model, another file, or none.
package enum ModelOrigin {
  case state(TrainingState, TrainingSettings)
  case deepFaceLab(Model, DeepFaceLabTraining, path: String)
  case weights(Model, path: String)
  case new

  /// Looks into the folder of a model.
  ///
  /// - Parameter weights: a checkpoint that a new model starts from, or nil.
  /// - Throws: `invalidArgument` for `weights` beside a state; what reading the files throws; `unsupported` for weights
  ///   that cannot be trained.
  package init(of folder: ModelFolder, weights: String?) throws(LiaeError) {
    if folder.hasState {
      if let weights {
        throw LiaeError(
          .invalidArgument,
          "--init is \(weights), and \(folder.state) is there already; weights are for a new model")
      }
      let state = try TrainingState(path: folder.state)
      self = .state(state, try state.trainingSettings())
    } else if let weights {
      self = .weights(try Self.open(weights), path: weights)
    } else if File.kind(folder.path) == .folder,
      let file = try DeepFaceLabTraining.representative(of: folder.name, in: folder.path)
    {
      let training = try DeepFaceLabTraining(folder: folder.path, name: folder.name)
      guard training.iteration <= TrainingState.counterLimit else {
        throw LiaeError(
          .corruptFile, "\(file): the model is of iteration \(training.iteration); expected at most 2^40")
      }
      self = .deepFaceLab(try Self.open(file), training, path: file)
    } else {
      self = .new
    }
  }

  private static func open(_ path: String) throws(LiaeError) -> Model {
    let model = try ModelReader.open(path: path).blueFirst()
    if model.info.lacksDestinationPicture {
      throw LiaeError(
        .unsupported, "\(path): lacks the picture branch of decoder_dst, which cannot be trained without it")
    }
    return model
  }

  /// The settings that come with the model.
  var settings: TrainingSettings {
    var result = TrainingSettings()
    switch self {
    case .state(_, let settings): return settings
    case .deepFaceLab(let model, let training, _):
      result.adopt(training.options)
      result.adopt(model.architecture, faceType: model.info.faceType)
    case .weights(let model, _): result.adopt(model.architecture, faceType: model.info.faceType)
    case .new: break
    }
    return result
  }

  /// What reading the weights had to guess, a sentence each that names the file.
  package var guesses: [String] {
    switch self {
    case .deepFaceLab(let model, _, let path), .weights(let model, let path):
      return model.info.guesses.map { "\(path): \($0)" }
    case .state, .new: return []
    }
  }

  /// Description of the weights' origin, for a line of progress.
  package var description: String {
    switch self {
    case .state: return "its last save"
    case .deepFaceLab: return "DeepFaceLab's files"
    case .weights: return "other weights"
    case .new: return "nothing"
    }
  }
}
