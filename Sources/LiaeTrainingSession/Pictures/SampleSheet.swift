// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSamples
import LiaeSystem
import LiaeTensor
import LiaeTrain

/// Draws what the network makes of a few faces: a row for each, with a line of captions above the columns.
package enum SampleSheet {
  /// A row for each sample of a batch: what the network sees, what it is to give back, mask, eyes and mouth.
  ///
  /// - Parameter limit: rows at most.
  /// - Throws: `outOfMemory`, `limitExceeded` for too many faces of too many pixels.
  package static func picture(of batch: FaceBatch, limit: Int) throws(LiaeError) -> Picture {
    let side = batch.side
    var sheet = ContactSheet(columns: 4, side: side)
    let planes = [
      Faces(batch.warped, side), Faces(batch.target, side), Faces(batch.mask, side, channels: 1),
      Faces(batch.eyesMouth, side, channels: 1),
    ]
    for index in 0..<min(batch.count, limit) {
      try sheet.add(
        planes.map { (faces) throws(LiaeError) in try faces.picture(index) },
        captions: index == 0 ? ["input", "target", "mask", "eyes, mouth"] : [])
    }
    return try sheet.picture()
  }

  /// A row for each pair of faces: source, its reconstruction and mask, destination likewise, of amp the
  /// morphs below 1, swap and mask.
  ///
  /// - Throws: `outOfMemory`, `limitExceeded` for too many faces of too many pixels.
  package static func picture(
    source: FaceBatch, destination: FaceBatch, preview: Preview
  ) throws(LiaeError) -> Picture {
    let side = source.side
    let captions =
      ["src", "src->src", "mask", "dst", "dst->dst", "mask"] + preview.morphs.map { "morph \($0.morph)" }
      + ["swap", "mask"]
    var sheet = ContactSheet(columns: captions.count, side: max(96, side))
    let targets = (Faces(source.target, side), Faces(destination.target, side))
    let made =
      [
        targets.0, Faces(preview.source, side), Faces(preview.sourceMask, side, channels: 1),
        targets.1, Faces(preview.destination, side), Faces(preview.destinationMask, side, channels: 1),
      ] + preview.morphs.map { Faces($0.picture, side) } + [
        Faces(preview.swap, side), Faces(preview.swapMask, side, channels: 1),
      ]
    for index in 0..<min(source.count, destination.count) {
      try sheet.add(
        made.map { (faces) throws(LiaeError) in try faces.picture(index) }, captions: index == 0 ? captions : [])
    }
    return try sheet.picture()
  }

  /// A row for each sample of a batch of XSeg: what the network sees, what it is to find and what it finds.
  ///
  /// - Parameter found: float32 (count, side, side); nil: nothing was looked for.
  /// - Throws: `outOfMemory`, `limitExceeded` for too many faces of too many pixels.
  package static func picture(_ batch: SegmentationBatch, found: Bytes?) throws(LiaeError) -> Picture {
    let side = batch.side
    let masks = [batch.mask, found].compactMap { $0 }
    let planes = [Faces(batch.picture, side)] + masks.map { Faces($0, side, channels: 1) }
    var sheet = ContactSheet(columns: planes.count, side: max(96, side))
    for index in 0..<batch.count {
      try sheet.add(
        planes.map { (faces) throws(LiaeError) in try faces.picture(index) },
        captions: index == 0 ? ["face", "label", "found"] : [])
    }
    return try sheet.picture()
  }
}

/// The pictures of a plane: square, float32, one behind the other, blue first or gray.
private struct Faces {
  let bytes: Bytes
  let side: Int
  let format: PixelFormat

  init(_ bytes: Bytes, _ side: Int, channels: Int = 3) {
    (self.bytes, self.side, format) = (bytes, side, channels == 3 ? .bgrFloat : .grayFloat)
  }

  /// - Throws: `internalError` where there are not so many.
  func picture(_ index: Int) throws(LiaeError) -> Picture {
    let picture = try Picture(width: side, height: side, format: format)
    let size = side * side * format.size
    guard (index + 1) * size <= bytes.count else {
      throw LiaeError(.internalError, "a preview of \(bytes.count) bytes has no face \(index) of \(side) pixels")
    }
    picture.mutableView.base.copyMemory(from: bytes.base + index * size, byteCount: size)
    return try withExtendedLifetime((picture, bytes)) { () throws(LiaeError) in try picture.converted(to: .rgbFloat) }
  }
}
