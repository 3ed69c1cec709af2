// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeImageIO
import LiaeSamples
import LiaeSystem
import LiaeTensor
import LiaeTrain

/// Losses of an iteration, means over the batch.
package struct IterationLosses {
  /// Of the source, or the only one.
  package let source: Float
  /// Nil if the model has one loss only.
  package let destination: Float?
  /// True if losses and gradient are finite. If not, nothing was changed and the iteration was not counted.
  package let isFinite: Bool
}

/// What a session trains: a trainer with the batches that it learns from and the pictures that show it.
package protocol TrainingTask: AnyObject {
  /// The number of iterations done.
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
  /// - Throws: what loading a batch and an iteration throw.
  func iterate(isCancelled: () -> Bool) throws(LiaeError) -> IterationLosses

  /// The tensors of the state, each made when it is asked for: to be written before the next iteration.
  var stateTensors: [TensorSource] { get }
  /// The counters of the state.
  var stateIntegers: [(name: String, value: UInt64)] { get }
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
