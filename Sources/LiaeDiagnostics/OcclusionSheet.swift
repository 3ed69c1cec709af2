// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeRuntime
import LiaeSwap
import LiaeSynth
import LiaeSystem
import LiaeTensor

/// A sheet of swaps behind objects before the face, with and without a mask model: a row for each object with the frame,
/// the swap by the masks that the swap model has learnt, the swap by XSeg's mask of the frame's face, and that mask.
package struct OcclusionSheet {
  private static let side = 480
  private static let cell = 240
  private static let captions = ["frame", "without mask model", "with mask model", "its mask"]

  private let swap, segment: Plan
  private let type: FaceType
  private let threads: Int

  /// - Parameters:
  ///   - swap: of a model that swaps faces.
  ///   - segment: of an XSeg model.
  ///   - type: what the swap model's faces show.
  package init(swap: Plan, segment: Plan, type: FaceType, threads: Int) {
    (self.swap, self.segment, self.type, self.threads) = (swap, segment, type, threads)
  }

  /// - Throws: as runs; `outOfMemory`.
  package func picture() throws(LiaeError) -> Picture {
    var contextOptions = ContextOptions()
    contextOptions.threads = threads
    let context = try Context(plan: swap, options: contextOptions)
    let xseg = try Context(plan: segment, options: contextOptions)
    let rendered = try RenderedFaces(width: Self.side, height: Self.side)
    var sheet = ContactSheet(columns: Self.captions.count, side: Self.cell)
    for (index, kind) in Occluder.Kind.allCases.enumerated() {
      let frame = try rendered.frame(index).occluded(by: [Occluder(kind, seed: UInt64(index))])
      let picture = try frame.picture.converted(to: .rgb8)
      defer { withExtendedLifetime(picture) {} }
      var face = FrameFace(landmarks: try Landmarks(frame.landmarks), context: context)
      (face.type, face.xseg) = (type, xseg)
      func swapped(_ mode: CompositeOptions.MaskMode) throws(LiaeError) -> (picture: Picture, mask: Picture) {
        var options = CompositeOptions()
        (options.maskMode, options.erode, options.blur) = (mode, 5, 20)
        let result = try Picture(width: Self.side, height: Self.side, format: .rgb8)
        let mask = try Picture(width: Self.side, height: Self.side, format: .gray8)
        try FrameSwapper(options: options).swap(
          picture.view, [face], into: result.mutableView, mask: mask.mutableView)
        withExtendedLifetime((result, mask)) {}
        return (result, mask)
      }
      let with = try swapped(.xsegDestination)
      try sheet.add([picture, try swapped(.learnedProduct).picture, with.picture, with.mask])
    }
    let cells = try sheet.picture(), head = 2 * (PixelFont.height + 2)
    let raster = try Raster(width: cells.width, height: cells.height + head, ground: Ink(0x1c1c1c))
    try raster.place(cells, x: 0, y: head)
    for (column, caption) in Self.captions.enumerated() {
      let middle = sheet.gap + column * (sheet.width + sheet.gap) + sheet.width / 2
      raster.write(caption, x: middle - Raster.width(caption, scale: 2) / 2, y: 6, Ink(0xdddddd), scale: 2)
    }
    return raster.picture
  }
}
