// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The middle line of a brow in the frontal view, from its inner end (0) to its outer one (1).
struct BrowShape {
  let look: BrowLook
  let inner: Float
  let length: Float

  init(_ look: BrowLook, _ shape: FaceShape) {
    self.look = look
    inner = 12.5 * shape.eyeSpacing / 32.5
    length = 46 * shape.eyeWidth / 13.2
  }

  func height(_ t: Float) -> Float {
    let t = clamp(t, 0, 1)
    return -57 - look.height + 7.2 * t * t * t.squareRoot() - look.arch * 1.3 * Math.sin(.pi * t)
  }

  /// The place at `t`, for the brow on the left (`side` -1) or right (1) of the picture.
  func point(_ t: Float, side: Float) -> SIMD2<Float> { SIMD2(side * (inner + length * t), height(t)) }
}
