// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The faces of one side (source or destination) in a training iteration: `count` faces of `side` x `side` pixels.
///
/// All are float32 (count, side, side, channels), channels fastest, 0...1; pictures are blue, green, red. The four of a
/// face share one geometric transform; only `warped` is also bent. Source: DeepFaceLab's SAEHD.
package struct FaceBatch: Sendable {
  package let count: Int
  package let side: Int
  /// The input of the network, 3 channels.
  package let warped: Bytes
  /// The picture that it is to return, 3 channels.
  package let target: Bytes
  /// 1 where the face is, 1 channel.
  package let mask: Bytes
  /// 1 at most at eyes and mouth, 1 channel.
  package let eyesMouth: Bytes

  /// - Throws: `outOfMemory`.
  package init(count: Int, side: Int) throws(LiaeError) {
    (self.count, self.side) = (count, side)
    let plane = count * side * side * 4
    warped = try Bytes.allocate(plane * 3, for: "warped faces")
    target = try Bytes.allocate(plane * 3, for: "target faces")
    mask = try Bytes.allocate(plane, for: "face masks")
    eyesMouth = try Bytes.allocate(plane, for: "masks of eyes and mouths")
  }
}
