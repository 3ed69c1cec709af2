// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// Pictures of one size in rows and columns, with thin gaps on a dark ground.
package struct ContactSheet {
  package let columns: Int
  /// Width of a cell, pixels.
  package let width: Int
  package let height: Int
  package private(set) var rows: [[Picture]] = []
  /// Pixels between cells and around them.
  package var gap = 6
  /// The gray of the ground, 0...1.
  package var ground: Float = 0.11

  package init(columns: Int, side: Int) { self.init(columns: columns, width: side, height: side) }

  package init(columns: Int, width: Int, height: Int) {
    (self.columns, self.width, self.height) = (columns, width, height)
  }

  /// Adds a row. Pictures of another size are resized to the cell; missing cells stay ground.
  package mutating func add(_ pictures: [Picture]) throws(LiaeError) {
    var row: [Picture] = []
    for picture in pictures.prefix(columns) {
      row.append(try picture.converted(to: .rgbFloat).resized(width: width, height: height))
    }
    rows.append(row)
  }

  /// Width of the whole sheet, pixels.
  package var totalWidth: Int { columns * (width + gap) + gap }

  /// The whole sheet as 8-bit RGB.
  package func picture() throws(LiaeError) -> Picture {
    let (across, down) = (width + gap, height + gap)
    let sheet = try Picture(width: totalWidth, height: rows.count * down + gap, format: .rgb8)
    let pixels = sheet.bytes
    defer { withExtendedLifetime(sheet) {} }
    pixels.update(repeating: Picture.byte(ground))
    for (r, row) in rows.enumerated() {
      for (c, cell) in row.enumerated() {
        let source = cell.floats
        for y in 0..<height {
          let from = y * width * 3
          let to = ((gap + r * down + y) * sheet.width + gap + c * across) * 3
          for i in 0..<width * 3 { pixels[to + i] = Picture.byte(source[from + i]) }
        }
      }
    }
    return sheet
  }
}
