// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Samples of a step of training XSeg: `count` pictures of `side` x `side` pixels and their masks.
///
/// Both are float32 (count, side, side, channels), channels fastest, 0...1.
package struct SegmentationBatch: Sendable {
  package let count: Int
  package let side: Int
  /// What the network sees: blue, green, red.
  package let picture: Bytes
  /// What it is to give back, 1 channel: 1 where the face is seen and 0 elsewhere; of pretraining the picture in gray.
  package let mask: Bytes

  /// - Throws: `outOfMemory`.
  package init(count: Int, side: Int) throws(LiaeError) {
    (self.count, self.side) = (count, side)
    let plane = count * side * side * 4
    picture = try Bytes.allocate(plane * 3, for: "pictures of faces")
    mask = try Bytes.allocate(plane, for: "masks of faces")
  }
}
