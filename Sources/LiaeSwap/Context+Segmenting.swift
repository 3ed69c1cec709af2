// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor

extension Context {
  /// The context of an XSeg model as the compositor asks for masks.
  ///
  /// - Throws: `unsupported` for a model that swaps.
  package func segmenter() throws(LiaeError) -> Segmenter {
    try plan.requireSegmenting()
    return Segmenter(side: plan.architecture.resolution) { (picture) throws(LiaeError) in try self.segmented(picture) }
  }

  /// The mask of a picture of the model's own side: what the network returns, and 0 where that is below 0.1, as
  /// DeepFaceLab has it.
  ///
  /// - Throws: `unsupported` for a model that swaps; as `run`.
  package func segmented(_ picture: ColorCanvas) throws(LiaeError) -> MaskCanvas {
    let mask = try MaskCanvas(width: plan.architecture.maskSide, height: plan.architecture.maskSide)
    try run(.segment, ImageView(picture.view), rgb: nil, mask: mask.view, destinationMask: nil)
    for i in 0..<mask.count where mask.pixels[i] < 0.1 { mask.pixels[i] = 0 }
    withExtendedLifetime((picture, mask)) {}
    return mask
  }
}
