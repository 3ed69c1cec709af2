// SPDX-License-Identifier: Apache-2.0

/// Faces and frames that hardly fit each other: what was swapped is nothing, or much less than the faces promised.
package struct FaceMismatch: Sendable, Equatable {
  /// The folder or file that the faces come from.
  package var source: String
  package var faces: Int
  /// Faces whose frame is there; half of them at most.
  package var placed: Int
  /// The first face without its frame, and the frame that it names.
  package var face: String?
  package var wanted: String?
  /// The first frame that is there.
  package var frame: String

  package var message: String {
    guard let face, let wanted else {
      return "\(source): holds no face that can be used, so that no frame changes"
    }
    let share = placed == 0 ? "none of \(faces) faces belongs" : "only \(placed) of \(faces) faces belong"
    return
      "\(share) to a frame that is there: \(face) is of frame \(wanted), and the first frame is \(frame). Are these "
      + "the frames of these faces, and all of them?"
  }
}
