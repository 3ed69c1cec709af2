// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSystem

/// A face at the model's resolution and face type with the mask that XSeg is to find: what all its samples begin with.
package struct LabelledFace: Sendable {
  package let colors: ColorCanvas
  /// 0...1; beyond by what Lanczos overshoots.
  package let mask: MaskCanvas

  package init(colors: ColorCanvas, mask: MaskCanvas) { (self.colors, self.mask) = (colors, mask) }
}

extension SourceFace {
  /// The face as a model of this face type and resolution is shown it, with the mask that its polygons draw or, without
  /// any, that is stored with it; zeros without both. Pictures and masks are interpolated by Lanczos, and 0 outside.
  ///
  /// A stored mask of another size than the picture is brought to the picture's first. (DeepFaceLab applies the picture's
  /// transform to it as it is, which displaces it where the face types differ.)
  ///
  /// - Throws: what reading and decoding throw, `invalidArgument` for landmarks that fix no face, `outOfMemory`.
  package func labelled(side: Int, type: FaceType) throws(LiaeError) -> LabelledFace {
    let (jpeg, stored, polygons) = try content()
    let picture = try ColorCanvas(reading: jpeg, name)
    let mask = try label(stored, polygons, width: picture.width, height: picture.height)
    if type == self.type {
      return LabelledFace(
        colors: try picture.resizedByLanczos(width: side, height: side),
        mask: try mask.resizedByLanczos(width: side, height: side))
    }
    let map = try faceTransform(landmarks, size: side, type: type).inverse
    return LabelledFace(
      colors: try picture.warpedByLanczos(map, width: side, height: side),
      mask: try mask.warpedByLanczos(map, width: side, height: side))
  }

  private func label(
    _ stored: Bytes?, _ polygons: [FaceMetadata.Polygon], width: Int, height: Int
  ) throws(LiaeError) -> MaskCanvas {
    guard polygons.isEmpty, let stored else {
      let mask = try MaskCanvas(width: width, height: height)
      // Exclusions lie above all inclusions.
      for isIncluded in [true, false] {
        for polygon in polygons where polygon.isIncluded == isIncluded {
          PolygonOutline(polygon.points).fill(mask, with: isIncluded ? 1 : 0)
        }
      }
      return mask
    }
    let picture = try Picture.decode(stored, name: "\(name): its xseg_mask")
    defer { withExtendedLifetime(picture) {} }
    let mask = try MaskCanvas(reading: picture.view).resized(width: width, height: height, interpolation: .linear)
    for i in 0..<mask.count { mask.pixels[i] = mask.pixels[i] < 0.5 ? 0 : 1 }
    return mask
  }
}
