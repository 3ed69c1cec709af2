// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// Options of making training samples of the faces of one side. Defaults and ranges are those of DeepFaceLab (SAEHD).
package struct SampleOptions: Sendable, Equatable {
  /// Pixels of a side: a multiple of 16 in 16...1024. Below 64, pictures are warped at 64.
  package var resolution = 128
  package var faceType = FaceType.full
  package var randomWarp = true
  /// Turn, scale and shift, which DeepFaceLab always does; without it faces stay as they are, for pictures of progress.
  package var randomTransform = true
  /// `random_src_flip` or `random_dst_flip`: 40 % of the samples are mirrored.
  package var randomFlip = false
  /// `ct_mode`: towards a random face of the other side.
  package var colorTransfer = SampleColorTransfer.none
  /// `random_hsv_power`: 0...0.3, of hue (as a share of 180 degrees), saturation and value, in `warped` alone.
  package var randomHSVPower: Float = 0
  /// Draws as many faces that look to either side as there are from the front.
  package var uniformYaw = false
  package var seed: UInt64 = 0
  /// Bytes for faces that are kept at the model's size, so that they need not be decoded again.
  package var memory = 1 << 30

  package init() {}

  /// The side at which faces are warped.
  static func workingSide(_ resolution: Int) -> Int { max(64, resolution) }

  /// - Throws: `invalidArgument`.
  func check() throws(LiaeError) {
    guard (16...1024).contains(resolution), resolution % 16 == 0 else {
      throw LiaeError(.invalidArgument, "samples of \(resolution) pixels; a multiple of 16 in 16...1024 is possible")
    }
    guard randomHSVPower >= 0, randomHSVPower <= 0.3 else {
      throw LiaeError(.invalidArgument, "random_hsv_power is \(randomHSVPower); 0...0.3 is possible")
    }
  }
}
