// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A network that tells which pixels of a face are not covered, as the compositor asks for masks.
package struct Segmenter {
  /// Side of the pictures that it takes, pixels.
  package let side: Int
  /// Returns the mask, 0...1, of a square picture of `side` pixels, whose values may lie a little outside 0...1.
  package let mask: (_ picture: ColorCanvas) throws(LiaeError) -> MaskCanvas

  package init(side: Int, mask: @escaping (_ picture: ColorCanvas) throws(LiaeError) -> MaskCanvas) {
    (self.side, self.mask) = (side, mask)
  }
}

/// XSeg's masks where the caller gives none: the network runs on what DeepFaceLab's merger feeds it.
extension CompositeJob {
  /// The mask of the swapped face, of the picture as it is set in.
  func xsegSwap() throws(LiaeError) -> MaskCanvas? {
    if let given = face.xsegSwap { return given }
    guard let segmenter = face.segmenter else { return nil }
    return try segmenter.mask(
      try enlargedFace().resized(
        width: segmenter.side, height: segmenter.side, interpolation: .cubic, workers: workers))
  }

  /// The mask of the destination face, of a crop of the frame at the network's own side.
  func xsegDestination() throws(LiaeError) -> MaskCanvas? {
    if let given = face.xsegDestination { return given }
    guard let segmenter = face.segmenter else { return nil }
    let matrix = try placement.transform(size: segmenter.side)
    return try segmenter.mask(try frame.crop(matrix, side: segmenter.side, clamps: false))
  }
}
