// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSamples
import LiaeSystem
import LiaeTensor
import LiaeTrain

/// What the network makes of a few faces: a row for each, with a line of captions above the columns.
enum SampleSheet {
  private static let captions = ["src", "src->src", "mask", "dst", "dst->dst", "mask", "swap", "mask"]

  /// - Throws: `outOfMemory`, `limitExceeded` for too many faces of too many pixels.
  static func picture(
    source: FaceBatch, destination: FaceBatch, preview: Preview
  ) throws(LiaeError) -> Picture {
    let side = source.side
    var sheet = ContactSheet(columns: captions.count, side: max(96, side))
    let (colors, masks) = (try Faces(source.target, side), try Faces(destination.target, side))
    let made = [
      colors, try Faces(preview.source, side), try Faces(preview.sourceMask, side, channels: 1),
      masks, try Faces(preview.destination, side), try Faces(preview.destinationMask, side, channels: 1),
      try Faces(preview.swap, side), try Faces(preview.swapMask, side, channels: 1),
    ]
    for index in 0..<min(source.count, destination.count) {
      var row: [Picture] = []
      for faces in made { row.append(try faces.picture(index)) }
      try sheet.add(row)
    }
    let cells = try sheet.picture()
    let scale = side >= 160 ? 2 : 1
    let head = (PixelFont.height + 2) * scale
    let raster = try Raster(width: cells.width, height: cells.height + head, ground: Ink(0x1c1c1c))
    try raster.place(cells, x: 0, y: head)
    for (column, caption) in captions.enumerated() {
      let middle = sheet.gap + column * (sheet.width + sheet.gap) + sheet.width / 2
      raster.write(
        caption, x: middle - Raster.width(caption, scale: scale) / 2, y: 3 * scale, Ink(0xdddddd), scale: scale)
    }
    return raster.picture
  }
}

/// Square float pictures one behind the other, blue first or gray.
private struct Faces {
  let bytes: Bytes
  let side: Int
  let format: PixelFormat

  init(_ bytes: Bytes, _ side: Int, channels: Int = 3) throws(LiaeError) {
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
