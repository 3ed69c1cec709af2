// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A face that is set into a frame: what a network made, its masks, and where it belongs.
package struct CompositeFace {
  package let landmarks: Landmarks
  package let type: FaceType
  /// The crop that the network was given, of the very frame that the face is set into; nil: it is cut out again.
  let aligned: AlignedFace?
  /// Square; its side is the face's resolution.
  package var rgb: ColorCanvas
  /// The learned mask of the swapped face, with the side of `rgb` as all learned masks. Needed as the mask mode says.
  package var swapMask: MaskCanvas?
  package var destinationMask: MaskCanvas?
  /// XSeg's masks of the new face and of the frame's, squares of any side over the same part of the frame.
  package var xsegSwap: MaskCanvas?
  package var xsegDestination: MaskCanvas?
  /// Computes those that the mask mode needs and that are not given; nil: nothing does.
  package var segmenter: Segmenter?
  /// The mask for the mask mode `given`, of the frame's size.
  package var mask: MaskCanvas?
  /// The face enlarged four times by a super-resolution network. Needed where `superResolution` is not 0.
  package var enhanced: ColorCanvas?
  package var motion = Motion()
  package var smoothing: FaceSmoothing?
  /// The randomness to use in place of the seed of the options.
  package var randomness: ColorRandomness?

  /// A face that was cut out elsewhere.
  package init(landmarks: Landmarks, type: FaceType, rgb: ColorCanvas) {
    (self.landmarks, self.type, self.rgb, aligned) = (landmarks, type, rgb, nil)
  }

  /// A face that was cut out of the frame into which it goes back.
  package init(_ aligned: AlignedFace, rgb: ColorCanvas) {
    (landmarks, type, self.rgb) = (aligned.placement.landmarks, aligned.placement.type, rgb)
    self.aligned = aligned
  }

  package var resolution: Int { rgb.width }

  /// - Throws: `invalidArgument`: sizes that do not go together, or a mask that the options need and is not there.
  func check(_ options: CompositeOptions, _ frame: Region) throws(LiaeError) {
    guard rgb.width == rgb.height, (16...4096).contains(rgb.width) else {
      throw LiaeError(
        .invalidArgument, "the face is \(rgb.width) x \(rgb.height) pixels; expected a square of 16 to 4096")
    }
    func need(_ mask: MaskCanvas?, _ isNeeded: Bool, _ what: String, _ side: Int?) throws(LiaeError) {
      guard isNeeded else { return }
      guard let mask else { throw LiaeError(.invalidArgument, "the mask mode needs \(what), which is missing") }
      guard mask.width == mask.height, mask.width > 0, mask.width == side ?? mask.width else {
        let wanted = side.map { "\($0) x \($0)" } ?? "a square"
        throw LiaeError(
          .invalidArgument, "\(what) is \(mask.width) x \(mask.height) pixels; expected \(wanted)")
      }
    }
    let mode = options.maskMode
    try need(swapMask, mode.needsSwapMask, "the mask of the swapped face", rgb.width)
    try need(destinationMask, mode.needsDestinationMask, "the mask of the destination face", rgb.width)
    func isGiven(_ xseg: MaskCanvas?) -> Bool { xseg != nil || segmenter == nil }
    try need(xsegSwap, mode.needsXSegSwap && isGiven(xsegSwap), "XSeg's mask of the swapped face", nil)
    try need(
      xsegDestination, mode.needsXSegDestination && isGiven(xsegDestination), "XSeg's mask of the destination face", nil
    )
    if mode == .given {
      guard let mask else {
        throw LiaeError(.invalidArgument, "the mask mode needs a mask of the frame, which is missing")
      }
      guard mask.width == frame.width, mask.height == frame.height else {
        throw LiaeError(
          .invalidArgument,
          "the given mask is \(mask.width) x \(mask.height) pixels; expected the frame's \(frame.width) x \(frame.height)"
        )
      }
    }
    // A network whose weights are damaged gives no numbers.
    let canvases: [(Bool, String)] = [
      (rgb.isFinite, "the face"), (swapMask?.isFinite ?? true, "the mask of the swapped face"),
      (destinationMask?.isFinite ?? true, "the mask of the destination face"),
      (enhanced?.isFinite ?? true, "the enhanced face"),
    ]
    if let (_, name) = canvases.first(where: { !$0.0 }) {
      throw LiaeError(.invalidArgument, "\(name) has pixels that are not finite numbers")
    }
    if options.superResolution != 0 {
      guard let enhanced, enhanced.width == rgb.width * 4, enhanced.height == rgb.width * 4 else {
        let found = enhanced.map { "it is \($0.width) x \($0.height)" } ?? "it is missing"
        throw LiaeError(
          .invalidArgument,
          "super resolution needs an enhanced face of \(rgb.width * 4) x \(rgb.width * 4) pixels; \(found)")
      }
    }
  }
}
