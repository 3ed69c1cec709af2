// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeText
import LiaeTrain

extension TrainingState {
  /// Writes the state of a trainer between two iterations, a tensor at a time.
  ///
  /// - Throws: as `write(to:)`.
  static func write(
    _ trainer: Trainer, settings: TrainingSettings, history: LossHistory, attempt: Int, to path: String
  ) throws(LiaeError) {
    let state = TrainingState(
      tensors: TensorDictionary(), counters: trainer.stateIntegers, settings: settings.stored.line,
      losses: (history.source, history.destination), attempt: attempt, name: path)
    try state.write(trainer.stateTensors, to: path)
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
    let document = try JSON(parsing: Array(settings.utf8), name: "\(name), settings")
    guard case .object(let members) = document else {
      throw LiaeError(.corruptFile, "\(name): its settings are no object")
    }
    var result = TrainingSettings()
    for (key, value) in members {
      do throws(LiaeError) { try result.set(key, value, source: "\(name): ") } catch {
        throw LiaeError(.corruptFile, error.message)
      }
    }
    return result
  }
}

extension Trainer {
  /// Continues from a state file. Where this throws, the trainer may hold parts of it.
  ///
  /// - Throws: `corruptFile`, `missingTensor`, `shapeMismatch` naming the file; `outOfMemory`.
  func restore(_ state: TrainingState) throws(LiaeError) {
    do throws(LiaeError) {
      try restore(TrainerState(tensors: state.tensors, integers: state.counters))
    } catch {
      // What a file asks for and is not possible is damage of the file, not a mistake of the caller.
      let status = error.status == .invalidArgument ? .corruptFile : error.status
      throw LiaeError(status, error.naming(state.name).message)
    }
  }
}

extension LossHistory {
  init(_ state: TrainingState) {
    self.init(source: state.losses.source, destination: state.losses.destination, upTo: state.iteration)
  }
}
