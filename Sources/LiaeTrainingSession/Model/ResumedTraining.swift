// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTrain

/// A trainer at the iteration where a model is, with what the session keeps beside it.
package struct ResumedTraining {
  package let trainer: Trainer
  package var history: LossHistory
  /// The number of times that training was rolled back.
  package var attempt = 0
  /// Remarks on the start for the user, a sentence each.
  package private(set) var remarks: [String] = []

  /// - Throws: `corruptFile`, `missingTensor`, `shapeMismatch` where the state contradicts its settings;
  ///   `invalidArgument`, `outOfMemory`.
  package init(_ start: ModelStart, engine: Engine) throws(LiaeError) {
    let settings = start.settings
    let options = settings.phase(at: 0, attempt: 0).options
    let network = try settings.architecture()
    let seed = UInt64(truncatingIfNeeded: settings.seed)
    func trainer(_ weights: Model?, of path: String = "") throws(LiaeError) -> Trainer {
      do throws(LiaeError) {
        let trainer = try Trainer(
          engine: engine, architecture: network, weights: weights, options: options, seed: seed)
        trainer.engine.memory = settings.session.memory
        return trainer
      } catch { throw weights == nil ? error : error.naming(path) }
    }
    switch start.origin {
    case .new: (self.trainer, history) = (try trainer(nil), LossHistory(first: 0))
    case .weights(let model, let path):
      (self.trainer, history) = (try trainer(model, of: path), LossHistory(first: 0))
    case .state(let state, _, _):
      self.trainer = try trainer(nil)
      try self.trainer.restore(state)
      // Where pretraining ends, the trainer begins at 0 again.
      history = start.endsPretraining ? LossHistory(first: 0) : LossHistory(state)
      attempt = state.attempt
    case .deepFaceLab(let model, let training, let path):
      self.trainer = try trainer(model, of: path)
      let iteration = start.endsPretraining ? 0 : training.iteration
      let moments = training.files["src_dst_opt.npy"] ?? TensorDictionary()
      let steps = try training.steps(of: "src_dst_opt.npy")
      do throws(LiaeError) {
        try self.trainer.restore(deepFaceLab: moments, steps: steps, iteration: iteration)
      } catch { throw error.naming("the optimiser's file beside \(path)") }
      if let remark = try DeepFaceLabState.restoreAdversaries(training, options, to: self.trainer) {
        remarks.append(remark)
      }
      if start.endsPretraining { self.trainer.endPretraining() }
      history = LossHistory(
        source: training.losses.map(\.source), destination: training.losses.compactMap(\.destination), upTo: iteration)
    }
  }
}
