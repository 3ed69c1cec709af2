// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The direction in which a head looks. Source: estimate_pitch_yaw_roll and estimate_averaged_yaw of DeepFaceLab.
package struct FacePose: Sendable, Equatable {
  /// Radians, -π/2...π/2 each; zero for a head that looks into the camera.
  package var pitch, yaw, roll: Double

  /// The distance of the nose from the middle of the cheeks' outlines, in sides of the template: rougher than `yaw`,
  /// and defined where perspective says nothing.
  package var averagedYaw: Double

  /// The pose that brings the points of `FaceTemplate.solid` nearest to the landmarks, for a camera whose focal length
  /// is `size` and which looks at the crop's middle.
  ///
  /// Faces without perspective can come out as seen from behind, with a roll of ±π/2: so does DeepFaceLab.
  ///
  /// - Parameters:
  ///   - aligned: 68 landmarks in a crop of `size` x `size`, of any face type.
  ///   - size: 1...16384.
  /// - Throws: `unsupported` for 5 landmarks, `invalidArgument` for degenerate ones and sizes outside.
  package init(aligned: Landmarks, size: Int) throws(LiaeError) {
    try aligned.require68("a pose")
    try checkCropSize(size)
    let toTemplate = try templateTransform(aligned)
    averagedYaw = Self.averagedYaw(aligned.points.map { toTemplate($0) })

    // Jaw, brows and the nose's lower edge; not what moves with eyes and lips.
    let used = Array(0...26) + Array(30...35)
    let (focal, center) = (Double(size), Point(repeating: Double(size) / 2))
    let motion = try RigidMotion.fit(
      used.map { FaceTemplate.solid[$0] }, to: used.map { (aligned.points[$0] - center) / focal })
    // The angles of turns about x, then y, then z.
    let (r00, r10) = (motion.x.x, motion.y.x)
    let level = (r00 * r00 + r10 * r10).squareRoot()
    func clipped(_ angle: Double) -> Double { min(max(angle, -.pi / 2), .pi / 2) }
    yaw = clipped(Math.atan2(-motion.z.x, level))
    if level >= 1e-6 {
      (pitch, roll) = (-clipped(Math.atan2(motion.z.y, motion.z.z)), clipped(Math.atan2(r10, r00)))
    } else {
      // At the pole, pitch and roll are one: all of it is given to pitch.
      (pitch, roll) = (-clipped(Math.atan2(-motion.y.z, motion.y.y)), 0)
    }
  }

  /// Returns the averaged yaw in units of the landmarks.
  ///
  /// - Throws: `unsupported` for 5 landmarks.
  package static func averagedYaw(_ landmarks: Landmarks) throws(LiaeError) -> Double {
    try landmarks.require68("an averaged yaw")
    return averagedYaw(landmarks.points)
  }

  /// - Precondition: 68 points.
  static func averagedYaw(_ p: [Point]) -> Double {
    let left = ((p[27].x - p[0].x) + (p[28].x - p[1].x) + (p[29].x - p[2].x)) / 3
    let right = ((p[16].x - p[27].x) + (p[15].x - p[28].x) + (p[14].x - p[29].x)) / 3
    return right - left
  }

  /// Returns how far up the chin is, in units of the landmarks: for sorting by pitch.
  ///
  /// - Throws: `unsupported` for 5 landmarks.
  package static func pitchHeuristic(_ landmarks: Landmarks) throws(LiaeError) -> Double {
    try landmarks.require68("a pitch")
    let p = landmarks.points
    return p[8].y - ((p[6].y - p[8].y) + (p[10].y - p[8].y)) / 2
  }
}
