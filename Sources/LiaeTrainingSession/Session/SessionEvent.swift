// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
import LiaeSystem

/// Event that a training session reports while it runs, on the thread that runs it.
package enum SessionEvent {
  /// One iteration was done. Losses are means over the batch, `destination` nil if the model has one loss only; the time is
  /// that of all that belongs to the iteration.
  case iteration(number: Int, source: Float, destination: Float?, milliseconds: Double)
  /// Faces of a faceset turned out to be of no use and are left out.
  case skippedFaces(path: String, faces: [SkippedFace])
  /// Training diverged and was rolled back to the last save.
  case rolledBack(from: Int, to: Int, reason: String)
  /// The model was saved because the user had asked for it; pictures follow.
  case savedOnRequest(iteration: Int)
  /// A save failed; training goes on, and the next try is in a minute. Where another folder was named, the state is in
  /// `elsewhere`.
  case saveFailed(LiaeError, elsewhere: String?)
  /// The backup of a state that was saved failed; training goes on, and the next one is due after the usual time.
  case backupFailed(LiaeError)
  /// The last save failed; the state stays in memory, and saving is tried again until it works or the user ends it.
  case lastSaveFailed(LiaeError)
  /// The last state is in a file of another folder, since the model's own failed.
  case savedElsewhere(String, LiaeError)
  /// The log or a picture cannot be written; training goes on without.
  case progressFileFailed(LiaeError)
}

/// The way in which a training session ended.
package enum SessionOutcome: Equatable {
  /// Training reached the target iteration, and was saved.
  case finished
  /// Training was asked to stop, and was saved at the last whole iteration.
  case stopped
  /// Diverged again and again from the last save, which stays as it is, after so many rollbacks to it.
  case diverged(iteration: Int, reason: String, rollbacks: Int)
}
