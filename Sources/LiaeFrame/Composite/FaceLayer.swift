// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A face that is ready to be set into its frame, and gives any part of the frame with it.
struct FaceLayer {
  /// The region that the face may change.
  let region: Region
  private let frame: Frame
  private let mask: PlacedMask
  private let content: Content

  enum Content {
    /// The frame stays as it is.
    case nothing
    /// A square over the frame by its mask, or by weights of its own.
    case face(ColorCanvas, Affine, weights: MaskCanvas?)
    /// All of `region`, and its mask, computed already.
    case whole(ColorCanvas, MaskCanvas)
  }

  init(_ region: Region, _ frame: Frame, _ mask: PlacedMask, _ content: Content) {
    (self.region, self.frame, self.mask, self.content) = (region, frame, mask, content)
  }

  /// A part of `region`: the frame with the face, and how much of each pixel is the face.
  func cropped(to part: Region) throws(LiaeError) -> (picture: ColorCanvas, alpha: MaskCanvas) {
    if case .whole(let picture, let alpha) = content {
      if part == region { return (picture, alpha) }
      let (cut, cutAlpha) = (try ColorCanvas(unfilled: part), try MaskCanvas(unfilled: part))
      cut.paste(picture)
      cutAlpha.paste(alpha)
      return (cut, cutAlpha)
    }
    let (picture, alpha) = (try frame.canvas(part), try mask.cropped(to: part))
    guard case .face(let face, let map, let weights) = content else { return (picture, alpha) }
    let weight = try weights.map { (weights) throws(LiaeError) in
      try weights.warped(
        map, width: part.width, height: part.height, left: part.left, top: part.top, workers: frame.workers)
    }
    // Only where something is to be seen.
    let box = weights == nil ? alpha.boundingBox(where: { $0 > 0 }) ?? Region(width: 0, height: 0) : part
    let inside = try face.warped(
      map, width: box.width, height: box.height, left: box.left, top: box.top, workers: frame.workers)
    if weights == nil { inside.clamp() }
    picture.blend(inside, weight ?? alpha, frame.workers)
    return (picture, alpha)
  }
}

/// The mask of a face, refined, and where in the frame it lies.
struct PlacedMask {
  /// Square, at the side of masks.
  let mask: MaskCanvas
  /// Frame to mask.
  let map: Affine
  let workers: Workers

  /// A part of the frame: 0...1, and nothing where there is next to nothing.
  func cropped(to part: Region) throws(LiaeError) -> MaskCanvas {
    let alpha = try mask.warped(
      map, width: part.width, height: part.height, left: part.left, top: part.top, workers: workers)
    workers.bands(alpha.height, minimum: 32) { rows in
      for i in rows.lowerBound * alpha.width..<rows.upperBound * alpha.width {
        let value = alpha.pixels[i].clamped
        alpha.pixels[i] = value < 1 / 255 ? 0 : value
      }
    }
    withExtendedLifetime(alpha) {}
    return alpha
  }

  /// Step 6: whether there is a face to speak of.
  func isWorthwhile(in region: Region) throws(LiaeError) -> Bool {
    var found = Region(width: 0, height: 0)
    for band in region.bands {
      if let box = try cropped(to: band).boundingBox(where: { $0 >= 0.1 }) { found = found.union(box) }
      if found.width > 4 && found.height > 4 { return true }
    }
    return false
  }
}

extension Region {
  /// Pixels of a band at most; a row at least. What is computed by bands takes this much memory, however large the frame.
  private static var bandPixels: Int { 1 << 20 }

  /// The rectangle in bands from top to bottom.
  var bands: [Region] {
    guard !isEmpty else { return [] }
    let rows = max(1, Self.bandPixels / width)
    return stride(from: top, to: bottom, by: rows).map { first in
      Region(left: left, top: first, width: width, height: min(rows, bottom - first))
    }
  }
}
