// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTrain

extension ModelStart {
  var description: String {
    switch origin {
    case .state: return "its last save"
    case .deepFaceLab: return "DeepFaceLab's files"
    case .weights: return "other weights"
    case .new: return "nothing"
    }
  }

  /// A trainer that is where the model is, the losses up to there, and how many times training has gone back.
  func trainer(_ engine: Engine) throws -> (Trainer, LossHistory, attempt: Int) {
    let options = settings.phase(at: 0, attempt: 0).options
    let network = try settings.architecture()
    let seed = UInt64(settings.seed)
    func trainer(_ weights: Model?) throws(LiaeError) -> Trainer {
      try Trainer(engine: engine, architecture: network, weights: weights, options: options, seed: seed)
    }
    switch origin {
    case .new: return (try trainer(nil), LossHistory(first: 0), 0)
    case .weights(let model): return (try trainer(model), LossHistory(first: 0), 0)
    case .state(let state):
      let trainer = try trainer(nil)
      do throws(LiaeError) { try trainer.restore(state.trainer) } catch {
        throw error.status == .outOfMemory ? error : Failure(.model, error.message)
      }
      // Where pretraining ends, the trainer begins at 0 again.
      let history = endsPretraining ? LossHistory(first: 0) : state.history
      return (trainer, history, state.attempt)
    case .deepFaceLab(let model, let training):
      let trainer = try trainer(model)
      let iteration = endsPretraining ? 0 : training.iteration
      let moments = training.files["src_dst_opt.npy"] ?? TensorDictionary()
      try trainer.restore(deepFaceLab: moments, steps: DeepFaceLabState.steps(moments), iteration: iteration)
      try DeepFaceLabState.restoreAdversaries(training.files, options, to: trainer)
      if endsPretraining { trainer.endPretraining() }
      return (
        trainer,
        LossHistory(
          source: training.losses.map(\.source), destination: training.losses.map(\.destination), upTo: iteration), 0
      )
    }
  }
}
