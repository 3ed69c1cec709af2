// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Callbacks of work on a sequence of files or frames.
///
/// They are called one at a time, and each on whichever thread is working.
package struct SequenceObserver {
  /// Takes what the user should know of and what does not end the work.
  package var notice: (SequenceNotice) -> Void
  /// Takes the items that are finished: 0 at the beginning, then after each.
  package var progress: (SequenceProgress) -> Void
  /// The question that is asked before each item; true ends the work with `cancelled`. Items that are finished stay.
  package var isCancelled: () -> Bool

  package init(
    notice: @escaping (SequenceNotice) -> Void = { _ in }, progress: @escaping (SequenceProgress) -> Void = { _ in },
    isCancelled: @escaping () -> Bool = { false }
  ) {
    (self.notice, self.progress, self.isCancelled) = (notice, progress, isCancelled)
  }

  /// - Throws: `cancelled`.
  package func checkCancelled() throws(LiaeError) {
    if isCancelled() { throw LiaeError(.cancelled, "interrupted") }
  }
}

/// The progress of the work on a sequence.
package struct SequenceProgress: Sendable, Equatable {
  package var finished: Int
  /// The number of items; nil where it is not known.
  package var total: Int?

  package init(finished: Int, total: Int?) { (self.finished, self.total) = (finished, total) }
}

/// An event of a sequence that its user should know of and that does not end the work on it.
package enum SequenceNotice: Sendable, Equatable {
  /// An input that failed; the others go on.
  case failed(LiaeError)
  /// Aligned images without DeepFaceLab's metadata, which are left out: the first, and their number.
  case lackMetadata(first: String, count: Int)
  /// Faces of frames that the sequence does not have, which are left out: the first, its frame, and their number.
  case lackFrame(first: String, frame: String, count: Int)
  /// PNG faces, into which no masks are written: the first, and their number.
  case unmaskable(first: String, count: Int)
  /// Pictures of formats that are not read, and unfinished downloads: the path of the first, and all names.
  case unreadable(first: String, _ names: [String])
  /// Faces in files of their own beside a faceset file, which counts alone: how many of each ending.
  case besideFaceset(path: String, counts: String)
  /// PNG faces beside JPEG files of the same name, which count: the first, and their number.
  case repeatedFaces(first: String, other: String, count: Int)
  /// Frames that have another place when their names are sorted as text: the first such place.
  case ordered(place: Int, frame: String, other: String)
  /// Frames whose numbers leave some out: the first whose place is not its number's.
  case gap(place: Int, frame: String)
  /// Numbers of frames that seem to count from 1, where 0 is the first frame.
  case countedFromOne(largest: Int, first: String)
  /// A frame that is turned upright by its Exif orientation.
  case turned(first: String, orientation: Int)
  /// Properties of a frame that its result does not have.
  case lost(first: String, properties: [String])
  /// Faces that hardly belong to the frames.
  case mismatch(FaceMismatch)
  /// Faces that end long before the frames do: the last frame that has one, and how many follow it.
  case facesEnd(frame: String, following: Int, total: Int)
  /// Frames of an earlier run are there already.
  case resumed(folder: String, finished: Int, total: Int)
  /// Pictures of this size are resized to the model's square.
  case resized(first: String, width: Int, height: Int, side: Int)
  /// Segments of a video, made with other settings, were taken away: what differs.
  case segmentsRemoved(folder: String, differences: [String])
  /// ffmpeg decoded the video and complained.
  case decoderMessage(path: String, text: String)
  /// Frames were repeated and left out to make the rate constant.
  case retimed(path: String, repeated: Int, dropped: Int, rate: Double)
  /// A video has other frames than ffmpeg makes numbered pictures of it, and how those of the faces were counted.
  case counted(path: String, frames: Int, pictures: Int, by: FrameCounting)
  /// The decoder returned another number of frames than it did when they were counted.
  case recounted(path: String, counted: Int, decoded: Int)
  /// Properties of a video that the result does not have.
  case videoLost(path: String, properties: [String])
}
