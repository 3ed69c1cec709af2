// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeGraph
import LiaeRuntime
import LiaeSystem

/// A face of a frame, and the model that swaps it.
package struct FrameFace {
  package var landmarks: Landmarks
  /// The model. One thread at a time; several faces may share it.
  package var context: Context
  /// The part of the head that the model was trained on; nil: what its file says.
  package var type: FaceType?
  /// The mask of the mask mode `given`: of the frame's size, 0...1.
  package var mask: MaskCanvas?
  /// Squares of any side over the part of the frame that the model sees.
  package var xsegSwap: MaskCanvas?
  package var xsegDestination: MaskCanvas?
  /// The context of an XSeg model, which computes the masks that the mask mode needs and that are not given. One thread
  /// at a time.
  package var xseg: Context?
  package var motion = Motion()
  package var smoothing: FaceSmoothing?
  /// The face's name in messages; nil: its place among the faces of its frame.
  package var name: String?

  package init(landmarks: Landmarks, context: Context) { (self.landmarks, self.context) = (landmarks, context) }

  func faceType() throws(LiaeError) -> FaceType {
    if let type { return type }
    return try context.faceType()
  }
}

extension Context {
  /// The part of the head that the model was trained on.
  ///
  /// - Throws: `invalidArgument` where its file does not say.
  package func faceType() throws(LiaeError) -> FaceType {
    guard let name = plan.info.faceType else {
      throw LiaeError(.invalidArgument, "the model's file does not say which face_type it was trained on; give one")
    }
    guard let type = FaceType(rawValue: name) else {
      throw LiaeError(.unsupported, "the model's face type is \(name), which is not known")
    }
    return type
  }
}

/// The results of a model for a face, for those who composite elsewhere.
package struct SwappedFace {
  /// Blue, green, red, 0...1; square.
  package var rgb: ColorCanvas
  /// The mask of the swapped face, of the same side; nil: not computed.
  package var swapMask: MaskCanvas?
  package var destinationMask: MaskCanvas?
  /// The crop that the model was given.
  package var aligned: AlignedFace

  /// Frame to the pixels of `rgb`.
  package var matrix: Affine { aligned.matrix }
  package var type: FaceType { aligned.placement.type }
}
