// SPDX-License-Identifier: Apache-2.0
import LiaeFrame

/// A face that another program found in a frame.
package struct DetectedFace {
  /// The landmarks in pixels of the frame.
  package var points: [Point]
  /// The file, or the line of a file, that the face comes from: messages call it so.
  package var origin: String
  /// The mask of an aligned file that has one.
  package var xseg: StoredMask?
  /// A number that the face keeps in frames that follow each other. Set by `FaceTimeline`, as `motion` is.
  package var track = 0
  package var motion = Motion()

  package init(points: [Point], origin: String, xseg: StoredMask? = nil) {
    (self.points, self.origin, self.xseg) = (points, origin, xseg)
  }
}

/// Source of the faces of a sequence.
package enum FaceSource: Sendable {
  /// DeepFaceLab's faces: a folder of JPEG or PNG files or with a faceset.pak, or a .pak file.
  case aligned(String)
  /// A landmarks file.
  case landmarks(String)

  var path: String {
    switch self {
    case .aligned(let path), .landmarks(let path): return path
    }
  }
}
