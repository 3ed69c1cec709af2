// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeText
import LiaeTrain

extension TrainingState {
  /// Writes the state of a training between two iterations, a tensor at a time.
  ///
  /// - Throws: as `write(to:)`.
  static func write(
    _ task: any TrainingTask, settings: JSON, history: LossHistory, attempt: Int, to path: String
  ) throws(LiaeError) {
    let state = TrainingState(
      tensors: TensorDictionary(), counters: task.stateIntegers, settings: settings.line,
      losses: (history.source, history.destination), attempt: attempt, name: path)
    try state.write(task.stateTensors, to: path)
  }

  /// The network, as `model()` gives it, with the factor that amp was trained with.
  ///
  /// - Throws: what `model()` throws; `corruptFile` for settings that are not possible.
  package func trainedModel() throws(LiaeError) -> Model {
    var model = try model()
    if model.architecture.family == .amp { model.info.trainedMorph = try trainingSettings().options.morphFactor }
    return model
  }

  /// The settings that the file keeps.
  ///
  /// - Throws: `corruptFile` where one of them is not known or not possible.
  func trainingSettings() throws(LiaeError) -> TrainingSettings {
    guard try !isSegmentation() else {
      throw LiaeError(
        .unsupported, "\(name): the training of an XSeg model; liae-train xseg goes on with it")
    }
    return try settings(TrainingSettings())
  }

  /// The settings of a training of XSeg.
  ///
  /// - Throws: `unsupported` for another training; otherwise as `trainingSettings`.
  func segmentationSettings() throws(LiaeError) -> SegmentationSettings {
    guard try isSegmentation() else {
      throw LiaeError(
        .unsupported, "\(name): the training of a model that swaps faces; liae-train train goes on with it")
    }
    return try settings(SegmentationSettings())
  }

  /// True if the file is of a training of XSeg.
  ///
  /// - Throws: `corruptFile` where the settings are no JSON.
  package func isSegmentation() throws(LiaeError) -> Bool {
    try JSON(parsing: Array(settings.utf8), name: "\(name), settings")["arch"]?.text
      == Architecture.Family.xseg.rawValue
  }

  private func settings<Settings: ModelSettings>(_ usual: Settings) throws(LiaeError) -> Settings {
    let document = try JSON(parsing: Array(settings.utf8), name: "\(name), settings")
    guard case .object(let members) = document else {
      throw LiaeError(.corruptFile, "\(name): its settings are no object")
    }
    var result = usual
    for (key, value) in members {
      do throws(LiaeError) { try result.set(key, value, source: "\(name): ") } catch {
        throw LiaeError(.corruptFile, error.message)
      }
    }
    // Settings that are possible one by one may describe no network.
    do throws(LiaeError) { _ = try result.architecture() } catch {
      throw LiaeError(.corruptFile, "\(name): \(error.message)")
    }
    return result
  }
}

extension Trainer {
  /// Continues from a state file. Where this throws, the trainer may hold parts of it.
  ///
  /// - Throws: `corruptFile`, `missingTensor`, `shapeMismatch` naming the file; `outOfMemory`.
  func restore(_ state: TrainingState) throws(LiaeError) {
    try state.restore { (state) throws(LiaeError) in try self.restore(state) }
  }
}

extension SegmentationTrainer {
  /// Continues from a state file, as `Trainer.restore` does.
  func restore(_ state: TrainingState) throws(LiaeError) {
    try state.restore { (state) throws(LiaeError) in try self.restore(state) }
  }
}

extension TrainingState {
  fileprivate func restore(_ take: (TrainerState) throws(LiaeError) -> Void) throws(LiaeError) {
    do throws(LiaeError) { try take(TrainerState(tensors: tensors, integers: counters)) } catch {
      // What a file asks for and is not possible is damage of the file, not a mistake of the caller.
      let status = error.status == .invalidArgument ? .corruptFile : error.status
      throw LiaeError(status, error.naming(name).message)
    }
  }
}

extension LossHistory {
  init(_ state: TrainingState, sides: Int = 2) {
    self.init(
      source: state.losses.source, destination: state.losses.destination, upTo: state.iteration, sides: sides)
  }
}
