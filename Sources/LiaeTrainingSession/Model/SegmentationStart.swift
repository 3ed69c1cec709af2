// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeText
import LiaeTrain

/// The beginning of one run of training XSeg: where the model comes from, and the settings that are in force.
package struct SegmentationStart {
  private enum Origin {
    case state(TrainingState)
    case deepFaceLab(Model, DeepFaceLabTraining, path: String)
    case weights(Model, path: String)
    case new
  }

  private let origin: Origin
  /// Those kept with the model, overridden by the settings file, overridden by what was given.
  package private(set) var settings = SegmentationSettings()
  /// Settings that differ from those kept with the model, as `key (old -> new)`.
  package private(set) var changes: [String] = []
  /// Remarks on the start for the user, a sentence each.
  package private(set) var remarks: [String] = []
  private let endsPretraining: Bool

  /// The name of a model whose user gives none: a folder has one XSeg model, as in DeepFaceLab.
  package static let usualName = "XSeg"

  /// - Parameters:
  ///   - weights: a checkpoint that a new model starts from, or nil.
  ///   - config: a settings file, or nil.
  ///   - given: settings by their keys, as the command line gives them.
  /// - Throws: `invalidArgument` for `weights` beside a state, for a setting that is not possible and for another network
  ///   than the model's; `unsupported` for weights of another network; what reading the files throws.
  package init(
    in folder: ModelFolder, weights: String?, config: String?, given: [(key: String, value: JSON)]
  ) throws(LiaeError) {
    let theirs = ModelReader.segmentationFile(folder.path)
    // The file whose weights do not say what their faces show, and why.
    var unknown: String?
    if folder.hasState {
      if let weights {
        throw LiaeError(
          .invalidArgument,
          "--init is \(weights), and \(folder.state) is there already; weights are for a new model")
      }
      let state = try TrainingState(path: folder.state)
      settings = try state.segmentationSettings()
      // What liae-train exports there is the state itself.
      if let (path, iteration) = DeepFaceLabTraining.segmentation(in: folder.path, newerThan: folder.state),
        iteration != state.iteration
      {
        remarks = [ModelOrigin.NewerFiles(path: path, iteration: iteration).remark(on: state)]
      }
      origin = .state(state)
    } else if let weights {
      let model = try Self.open(weights)
      settings.adopt(model.architecture, faceType: model.info.faceType)
      if model.info.faceType == nil { unknown = "\(weights): does not say what the faces show" }
      origin = .weights(model, path: weights)
    } else if theirs != folder.path {
      let model = try Self.open(theirs), training = try DeepFaceLabTraining(segmentationIn: folder.path)
      remarks = settings.adopt(training.options).map { "\(training.dataPath): \($0)" }
      settings.adopt(model.architecture, faceType: model.info.faceType)
      if !training.hasData {
        remarks.append(
          "\(training.dataPath): the file is missing; options, iteration and losses start from the beginning")
      }
      if model.info.faceType == nil {
        unknown =
          "\(training.dataPath): "
          + (training.hasData
            ? "does not say what the faces show" : "the file is missing, so what the faces show is not known")
      }
      origin = .deepFaceLab(model, training, path: theirs)
    } else {
      origin = .new
    }
    var before = settings
    var said = given.map(\.key)
    if let config { said += try settings.read(config) }
    for (key, value) in given { try settings.set(key, value, source: "--") }
    if let unknown {
      // That is for the user to say.
      before.faceType = settings.faceType
      if !said.contains("face-type") { remarks.append(assumption(of: settings.faceType, unknown)) }
    }
    if case .new = origin {
    } else {
      try SegmentationSettings.requireSameNetwork(before, settings, folder)
      changes = SegmentationSettings.differences(before.stored, settings.stored)
    }
    endsPretraining = before.options.pretrain && !settings.options.pretrain
    _ = try settings.architecture()
  }

  private static func open(_ path: String) throws(LiaeError) -> Model {
    let model = try ModelReader.open(path: ModelReader.segmentationFile(path)).blueFirst()
    guard model.architecture.family == .xseg else {
      throw LiaeError(
        .unsupported, "\(path): a network of \(model.architecture.name), which swaps faces; expected one of xseg")
    }
    return model
  }

  /// Description of the weights' origin, for a line of progress.
  package var description: String {
    switch origin {
    case .state: "its last save"
    case .deepFaceLab: "DeepFaceLab's files"
    case .weights: "other weights"
    case .new: "nothing"
    }
  }

  /// A trainer at the iteration where the model is, with the losses up to there and how often training was rolled back.
  ///
  /// - Throws: `corruptFile`, `missingTensor`, `shapeMismatch` where the state contradicts its settings; `outOfMemory`.
  package func resumed(
    on engine: Engine
  ) throws(LiaeError) -> (trainer: SegmentationTrainer, history: LossHistory, attempt: Int) {
    let network = try settings.architecture()
    func trainer(_ weights: Model?, of path: String = "") throws(LiaeError) -> SegmentationTrainer {
      do throws(LiaeError) {
        let trainer = try SegmentationTrainer(
          engine: engine, architecture: network, weights: weights, options: settings.options,
          seed: UInt64(truncatingIfNeeded: settings.seed))
        trainer.engine.memory = settings.session.memory
        return trainer
      } catch { throw weights == nil ? error : error.naming(path) }
    }
    let none = LossHistory(first: 0, sides: 1)
    switch origin {
    case .new: return (try trainer(nil), none, 0)
    case .weights(let model, let path): return (try trainer(model, of: path), none, 0)
    case .state(let state):
      let trainer = try trainer(nil)
      try trainer.restore(state)
      return (trainer, endsPretraining ? none : LossHistory(state, sides: 1), state.attempt)
    case .deepFaceLab(let model, let training, let path):
      let trainer = try trainer(model, of: path), file = DeepFaceLabTraining.segmentationOptimizer
      let iteration = endsPretraining ? 0 : training.iteration
      try trainer.restore(
        deepFaceLab: training.files[file] ?? TensorDictionary(), steps: training.steps(of: file), iteration: iteration)
      let losses = training.losses.map(\.source)
      return (trainer, LossHistory(source: losses, destination: [], upTo: iteration, sides: 1), 0)
    }
  }
}
