// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import LiaeTensor

// liae.h 7: Geometry of faces

/// The transform from a frame to an aligned face.
///
/// Use it to crop with liae_image_warp(), and liae_points_transform() for landmarks; liae_frame_align() does both for a
/// model. Source: DeepFaceLab's get_transform_mat; docs/frames.md.
/// @param[in]  landmarks  x, y of each point in pixels of the frame
/// @param[in]  count      points: 68 in iBUG's order; or 5, left eye, right eye, tip of the nose, left and right corner of
///   the mouth, as seen in the picture
/// @param[in]  face_type  any but LIAE_FACE_TYPE_AUTOMATIC
/// @param[in]  size       side of the aligned face in pixels, 1...16384
/// @param[in]  scale      1; a larger one shows less around the face, 0.01...100
/// @param[out] matrix     6 values: x' = m[0] x + m[1] y + m[2], y' = m[3] x + m[4] y + m[5]; unchanged on failure
/// @return LIAE_OK; LIAE_ERROR_INVALID_ARGUMENT for NULL, another count, values out of range, points that are not finite
///   or lie on a line.
/// Ownership: all memory is the caller's, borrowed for the call.
/// Threads: any. Since: 0.1.
@_cdecl("liae_face_transform")
package func liaeFaceTransform(
  _ landmarks: UnsafePointer<Float>?, _ count: Int, _ faceType: CFaceType, _ size: Int32, _ scale: Double,
  _ matrix: UnsafeMutablePointer<Double>?
) -> CStatus {
  call { () throws(LiaeError) in
    let matrix = try require(matrix, "matrix")
    guard let type = try LiaeABI.faceType(faceType, "face_type") else {
      throw LiaeError(.invalidArgument, "face_type is LIAE_FACE_TYPE_AUTOMATIC, and there is no model to ask")
    }
    let points = try LiaeABI.landmarks(landmarks, count, "landmarks")
    let transform = try LiaeFrame.faceTransform(points, size: Int(size), type: type, scale: scale)
    for (i, element) in transform.elements.enumerated() { matrix[i] = element }
  }
}

/// Points through a transform, or back.
///
/// @param[in]  matrix   6 values, as liae_face_transform() gives
/// @param[in]  inverse  0: from the frame to the face; else back
/// @param[in]  points   x, y of each
/// @param[in]  count    points, 0...65536
/// @param[out] result   as many; may be points
/// @return LIAE_OK; LIAE_ERROR_INVALID_ARGUMENT for NULL, a matrix that is not finite or, with inverse, cannot be inverted.
/// Ownership: all memory is the caller's, borrowed for the call.
/// Threads: any. Since: 0.1.
@_cdecl("liae_points_transform")
package func liaePointsTransform(
  _ matrix: UnsafePointer<Double>?, _ inverse: Int32, _ points: UnsafePointer<Float>?, _ count: Int,
  _ result: UnsafeMutablePointer<Float>?
) -> CStatus {
  call { () throws(LiaeError) in
    var transform = try affine(matrix, isInverted: inverse != 0)
    if inverse != 0 { transform = transform.inverse }
    guard (0...65_536).contains(count) else {
      throw LiaeError(.invalidArgument, "count is \(UInt(bitPattern: count)); expected 0 to 65536")
    }
    let (points, result) = (try require(points, "points"), try require(result, "result"))
    try requireAligned(points, "points")
    try requireAligned(result, "result")
    for i in 0..<count {
      let point = transform(Point(Double(points[2 * i]), Double(points[2 * i + 1])))
      (result[2 * i], result[2 * i + 1]) = (Float(point.x), Float(point.y))
    }
  }
}

/// The part of an image that a transform cuts out: an aligned face out of a frame. Black where the image ends.
///
/// @param[in]  image          any format; float values finite
/// @param[in]  matrix         6 values, from the image to the result, as liae_face_transform() gives
/// @param[in]  interpolation  LIAE_INTERPOLATION_CUBIC as faces are merged, LIAE_INTERPOLATION_LINEAR as they are extracted
/// @param[out] result         describes the caller's square pixels, any format; unchanged on failure
/// @return LIAE_OK; LIAE_ERROR_INVALID_ARGUMENT for NULL, descriptions that cannot be, a result that is no square, a matrix
///   without inverse, no part of the image in the result; LIAE_ERROR_OUT_OF_MEMORY,
///   LIAE_ERROR_RESOURCE_LIMIT.
/// Ownership: all memory is the caller's, borrowed for the call; the two MUST NOT overlap.
/// Threads: any. Since: 0.1.
@_cdecl("liae_image_warp")
package func liaeImageWarp(
  _ image: In<CImage>?, _ matrix: UnsafePointer<Double>?, _ interpolation: CInterpolation,
  _ result: In<CImage>?
) -> CStatus {
  call { () throws(LiaeError) in
    let frame = try Frame(ImageView(CImage.read(image, "image")))
    let transform = try affine(matrix, isInverted: true)
    let filter: InterpolationChoice = try choice(interpolation, "interpolation")
    let target = try CImage.read(result, "result")
    guard target.width == target.height else {
      throw LiaeError(.invalidArgument, "result is \(target.width) x \(target.height) pixels; expected a square")
    }
    try frame.crop(transform, side: target.width, interpolation: filter == .cubic ? .cubic : .linear)
      .write(toWhole: target)
  }
}

/// A mask from landmarks: as large as the image that they are in, 0 or 1 for the hull, soft edges for eyes and mouth.
///
/// @param[in]  landmarks          x, y of each point in pixels of the image
/// @param[in]  count              68
/// @param[in]  kind               LIAE_MASK_KIND_HULL, LIAE_MASK_KIND_EYES or LIAE_MASK_KIND_MOUTH
/// @param[in]  eyebrow_expansion  how far the hull goes above the eyebrows: 1 as DeepFaceLab, 0 not at all; 0...4
/// @param[out] mask               describes the caller's pixels, any format and size, for eyes and mouth at least 32 rows;
///   unchanged on failure
/// @return LIAE_OK; LIAE_ERROR_INVALID_ARGUMENT; LIAE_ERROR_UNSUPPORTED for 5 points; LIAE_ERROR_OUT_OF_MEMORY,
///   LIAE_ERROR_RESOURCE_LIMIT.
/// Ownership: all memory is the caller's, borrowed for the call.
/// Threads: any. Since: 0.1.
@_cdecl("liae_landmark_mask")
package func liaeLandmarkMask(
  _ landmarks: UnsafePointer<Float>?, _ count: Int, _ kind: CMaskKind, _ eyebrowExpansion: Float,
  _ mask: In<CImage>?
) -> CStatus {
  call { () throws(LiaeError) in
    let points = try LiaeABI.landmarks(landmarks, count, "landmarks")
    let kind: MaskKind = try choice(kind, "kind")
    guard (0...4).contains(eyebrowExpansion) else {
      throw LiaeError(.invalidArgument, "eyebrow_expansion is \(eyebrowExpansion); expected 0 to 4")
    }
    let target = try CImage.read(mask, "mask")
    let (width, height) = (target.width, target.height)
    let result: MaskCanvas
    switch kind {
    case .hull:
      result = try FaceMask.hull(points, width: width, height: height, eyebrowExpansion: Double(eyebrowExpansion))
    case .eyes: result = try FaceMask.eyes(points, width: width, height: height)
    case .mouth: result = try FaceMask.mouth(points, width: width, height: height)
    }
    result.write(toWhole: target)
  }
}

/// Estimates the direction in which a head looks.
///
/// @param[in]  landmarks  x, y of each point in pixels of the frame
/// @param[in]  count      68
/// @param[out] pose       pitch, yaw and roll in radians; unchanged on failure
/// @return LIAE_OK; LIAE_ERROR_INVALID_ARGUMENT; LIAE_ERROR_UNSUPPORTED for 5 points.
/// Ownership: all memory is the caller's, borrowed for the call.
/// Threads: any. Since: 0.1.
@_cdecl("liae_face_pose")
package func liaeFacePose(_ landmarks: UnsafePointer<Float>?, _ count: Int, _ pose: Out<CPose>?) -> CStatus {
  call { () throws(LiaeError) in
    let pose = try require(pose, "pose")
    let points = try LiaeABI.landmarks(landmarks, count, "landmarks")
    // As DeepFaceLab estimates it: on the aligned full face.
    let side = 256
    let aligned = try points.transformed(by: LiaeFrame.faceTransform(points, size: side, type: .full))
    let found = try FacePose(aligned: aligned, size: side)
    var result = CPose()
    (result.pitch, result.yaw, result.roll) = (Float(found.pitch), Float(found.yaw), Float(found.roll))
    result.averagedYaw = Float(found.averagedYaw)
    pose.storeBytes(of: result, as: CPose.self)
  }
}

/// - Throws: `invalidArgument` for NULL, values that are not finite, and a matrix without inverse where one is needed.
private func affine(_ matrix: UnsafePointer<Double>?, isInverted: Bool) throws(LiaeError) -> Affine {
  let m = try require(matrix, "matrix")
  guard UInt(bitPattern: m) % 8 == 0 else {
    throw LiaeError(.invalidArgument, "matrix is \(m), which is not divisible by 8")
  }
  let result = Affine(xx: m[0], xy: m[1], tx: m[2], yx: m[3], yy: m[4], ty: m[5])
  guard result.isFinite, !isInverted || result.determinant != 0 && result.inverse.isFinite else {
    throw LiaeError(.invalidArgument, "matrix is \(result.elements); expected finite numbers and an inverse")
  }
  return result
}
