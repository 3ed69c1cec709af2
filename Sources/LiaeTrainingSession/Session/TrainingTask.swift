// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeImageIO
import LiaeSamples
import LiaeSystem
import LiaeTrain

/// Losses of an iteration, means over the batch.
package struct StepLosses {
  /// Of the source, or the only one.
  package let source: Float
  /// Nil where a model has one loss alone.
  package let destination: Float?
  /// Whether losses and gradient are numbers. If not, nothing was changed and the iteration was not counted.
  package let isFinite: Bool
}

/// What a session trains: a trainer with the batches that it learns from and the pictures that show it.
package protocol TrainingTask: AnyObject {
  /// Steps made.
  var iteration: Int { get }
  /// Processes that share the batch; nil where this is the only one.
  var peers: (any TrainingPeers)? { get }
  /// Asked between operations; true ends them with `cancelled`.
  var isCancelled: () -> Bool { get set }

  /// Puts the options of the present iteration in force.
  ///
  /// - Parameters:
  ///   - attempt: how many times training was rolled back; each draws other samples.
  ///   - reloads: whether batches begin at the present iteration again.
  /// - Returns: whether anything changed.
  /// - Throws: `invalidArgument` where no face can be used; `threadFailure`.
  func enterPhase(attempt: Int, reloads: Bool) throws(LiaeError) -> Bool
  /// One iteration.
  ///
  /// - Parameter isCancelled: asked while a batch is waited for.
  /// - Throws: what loading a batch and a step throw.
  func step(isCancelled: () -> Bool) throws(LiaeError) -> StepLosses

  /// Views of the trainer's memory, valid until the next step.
  var state: TrainerState { get throws(LiaeError) }
  /// Goes on from a state.
  ///
  /// - Throws: `corruptFile`, `missingTensor`, `shapeMismatch`, `outOfMemory`.
  func restore(_ state: TrainingState) throws(LiaeError)

  /// Faces that turned out to be of no use since the last call, by the path of their faceset.
  func newlySkipped() -> [(path: String, faces: [SkippedFace])]
  /// What the network makes of some faces.
  ///
  /// - Throws: what loading faces throws; `outOfMemory`, `cancelled`.
  func sampleSheet() throws(LiaeError) -> Picture
}
