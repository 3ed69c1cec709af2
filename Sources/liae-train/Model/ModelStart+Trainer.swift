// SPDX-License-Identifier: Apache-2.0
import LiaeModel
import LiaeSystem
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
    switch origin {
    case .new, .weights:
      var weights: Model?
      if case .weights(let model) = origin { weights = model }
      let trainer = try Trainer(
        engine: engine, architecture: network, weights: weights, options: options, seed: seed)
      return (trainer, LossHistory(first: 0), 0)
    case .state(let state):
      let trainer = try Trainer(engine: engine, architecture: network, weights: nil, options: options, seed: seed)
      try trainer.restore(state.trainer)
      return (trainer, state.history, state.attempt)
    case .deepFaceLab(let model, let training):
      let trainer = try Trainer(engine: engine, architecture: network, weights: model, options: options, seed: seed)
      _ = training
      return (trainer, LossHistory(first: 0), 0)
    }
  }
}
