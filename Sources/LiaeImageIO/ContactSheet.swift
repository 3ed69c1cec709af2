// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// Pictures of one size in rows and columns, with thin gaps on a dark ground and captions where they are given.
package struct ContactSheet {
  package let columns: Int
  /// Width of a cell, pixels.
  package let width: Int
  package let height: Int
  package private(set) var rows: [[Picture]] = []
  /// The line of text above each row, a caption for each cell; empty where the row has none.
  private var captions: [[String]] = []
  /// Pixels between cells and around them.
  package var gap = 6
  /// The gray of the ground, 0...1.
  package var ground: Float = 0.11

  package init(columns: Int, side: Int) { self.init(columns: columns, width: side, height: side) }

  package init(columns: Int, width: Int, height: Int) {
    (self.columns, self.width, self.height) = (columns, width, height)
  }

  /// Adds a row. Pictures of another size are resized to the cell; missing cells stay ground.
  ///
  /// - Parameter captions: what stands above the cells of the row, one for each; those of the first row name the columns.
  package mutating func add(_ pictures: [Picture], captions: [String] = []) throws(LiaeError) {
    var row: [Picture] = []
    for picture in pictures.prefix(columns) {
      row.append(try picture.converted(to: .rgbFloat).resized(width: width, height: height))
    }
    rows.append(row)
    self.captions.append(Array(captions.prefix(columns)))
  }

  /// Width of the whole sheet, pixels.
  package var totalWidth: Int { columns * (width + gap) + gap }

  /// Pixels of a dot of the letters.
  private var scale: Int { width >= 160 ? 2 : 1 }
  /// Height of a line of captions with the gap below it.
  private var lineHeight: Int { PixelFont.height * scale + gap / 2 }

  /// The whole sheet as 8-bit RGB.
  package func picture() throws(LiaeError) -> Picture {
    let lines = captions.count { !$0.isEmpty }
    let tone = Int(Picture.byte(ground))
    let raster = try Raster(
      width: totalWidth, height: rows.count * (height + gap) + gap + lines * lineHeight,
      ground: Ink(tone << 16 | tone << 8 | tone))
    var top = gap
    for (row, captions) in zip(rows, captions) {
      for (column, caption) in captions.enumerated() {
        let text = String(caption.prefix(width / (PixelFont.advance * scale)))
        let middle = gap + column * (width + gap) + width / 2
        raster.write(text, x: middle - Raster.width(text, scale: scale) / 2, y: top, Ink(0xdddddd), scale: scale)
      }
      if !captions.isEmpty { top += lineHeight }
      for (column, cell) in row.enumerated() { try raster.place(cell, x: gap + column * (width + gap), y: top) }
      top += height + gap
    }
    return try raster.picture.converted(to: .rgb8)
  }
}
