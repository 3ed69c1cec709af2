// SPDX-License-Identifier: Apache-2.0
import LiaeFrame

/// How faces become samples of training XSeg. Defaults are DeepFaceLab's.
package struct SegmentationSampleOptions: Sendable, Equatable {
  /// Pixels of a side: a multiple of 64.
  package var resolution = 256
  package var faceType = FaceType.whole
  /// True if faces are bent, moved, mixed and changed; without it they stay as they are, for pictures of progress.
  package var isAugmented = true
  /// The share of samples, 0...1, that are mixed and changed as DeepFaceLab does all; the others are bent and moved alone.
  package var changedShare: Float = 1
  /// True if the target is the picture in gray, of faces without labels too, for pretraining.
  package var targetsGray = false
  package var seed: UInt64 = 0
  /// Bytes for faces that are kept at the model's size, so that they need not be decoded again.
  package var memory = 1 << 30

  package init() {}
}
