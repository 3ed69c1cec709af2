// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeSystem

/// Origin of a training's weights: its own last save, a DeepFaceLab model, another file, or none.
package enum ModelOrigin {
  case state(TrainingState, TrainingSettings, deepFaceLab: NewerFiles?)
  case deepFaceLab(Model, DeepFaceLabTraining, path: String)
  case weights(Model, path: String)
  case new

  /// DeepFaceLab's files beside a state, written to after it.
  package struct NewerFiles: Sendable {
    var path: String
    /// The iteration; nil where its data file does not tell.
    var iteration: Int?

    /// The sentence that says so to the user.
    func remark(on state: TrainingState) -> String {
      let theirs = iteration.map { " (iteration \($0))" } ?? ""
      return "\(path): DeepFaceLab's files\(theirs) are newer than \(state.name) (iteration \(state.iteration)), which "
        + "training goes on from; to go on from DeepFaceLab's files, move that one away"
    }
  }

  /// Looks into the folder of a model.
  ///
  /// - Parameters:
  ///   - weights: a checkpoint that a new model starts from, or nil.
  ///   - architecture: what the user says of letters that the weights do not tell, as `liae-ud`; nil: nothing.
  /// - Throws: `invalidArgument` for `weights` beside a state; what reading the files throws; `unsupported` for weights
  ///   that cannot be trained.
  package init(of folder: ModelFolder, weights: String?, architecture: String? = nil) throws(LiaeError) {
    if folder.hasState {
      if let weights {
        throw LiaeError(
          .invalidArgument,
          "--init is \(weights), and \(folder.state) is there already; weights are for a new model")
      }
      let state = try TrainingState(path: folder.state)
      self = .state(state, try state.trainingSettings(), deepFaceLab: try Self.newer(than: state, in: folder))
    } else if let weights {
      self = .weights(try Self.open(weights, architecture), path: weights)
    } else if File.kind(folder.path) == .folder,
      let file = try DeepFaceLabTraining.representative(of: folder.name, in: folder.path)
    {
      let training = try DeepFaceLabTraining(folder: folder.path, name: folder.name)
      self = .deepFaceLab(try Self.open(file, architecture), training, path: file)
    } else {
      self = .new
    }
  }

  private static func newer(than state: TrainingState, in folder: ModelFolder) throws(LiaeError) -> NewerFiles? {
    guard let file = try DeepFaceLabTraining.representative(of: folder.name, in: folder.path),
      DeepFaceLabTraining.isNewer(folder.name, in: folder.path, than: folder.state)
    else { return nil }
    let iteration = DeepFaceLabTraining.iteration(of: folder.name, in: folder.path)
    // What liae-train exports there is the state itself.
    return iteration == state.iteration ? nil : NewerFiles(path: file, iteration: iteration)
  }

  private static func open(_ path: String, _ architecture: String?) throws(LiaeError) -> Model {
    var model = try ModelReader.open(path: path).blueFirst()
    // Only what was guessed is the user's to say.
    if let architecture, !model.info.guesses.isEmpty {
      model = try ModelReader.open(path: path, options: OpenOptions(architecture: architecture)).blueFirst()
    }
    if model.info.lacksDestinationPicture {
      throw LiaeError(
        .unsupported, "\(path): lacks the picture branch of decoder_dst, which cannot be trained without it")
    }
    return model
  }

  /// The settings that come with the model, and what the user should know of them, a sentence each.
  var settings: (values: TrainingSettings, remarks: [String]) {
    var result = TrainingSettings()
    var remarks: [String] = []
    switch self {
    case .state(let state, let settings, let newer):
      return (settings, newer.map { [$0.remark(on: state)] } ?? [])
    case .deepFaceLab(let model, let training, _):
      remarks = result.adopt(training.options).map { "\(training.dataPath): \($0)" }
      result.adopt(model.architecture, faceType: model.info.faceType)
      if !training.hasData {
        remarks.append(
          "\(training.dataPath): the file is missing; options, iteration and losses start from the beginning")
      }
    case .weights(let model, let path):
      result.adopt(model.architecture, faceType: model.info.faceType)
      if let morph = model.info.trainedMorph {
        do throws(LiaeError) { try result.set("morph-factor", .number(morph), source: "\(path): ") } catch {
          remarks.append("\(error.message); \(result.options.morphFactor) is taken")
        }
      }
    case .new: break
    }
    return (result, remarks)
  }

  /// The file whose weights do not say what their faces show, and why; nil where they do.
  var unknownFaceType: String? {
    switch self {
    case .deepFaceLab(let model, let training, _) where model.info.faceType == nil:
      let reason = model.info.notes.first { $0.hasPrefix("option face_type") }
      return "\(training.dataPath): "
        + (training.hasData
          ? reason ?? "does not say what the faces show" : "the file is missing, so what the faces show is not known")
    case .weights(let model, let path) where model.info.faceType == nil:
      return "\(path): does not say what the faces show"
    default: return nil
    }
  }

  /// The guesses that reading the weights had to make, a sentence each that names the file.
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
