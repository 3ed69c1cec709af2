// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// Pictures of one size in rows and columns, with thin gaps on a dark ground.
package struct ContactSheet {
  package let columns: Int
  /// Side of a cell, pixels.
  package let side: Int
  package private(set) var rows: [[Picture]] = []
  /// Pixels between cells and around them.
  package var gap = 6
  /// The gray of the ground, 0...1.
  package var ground: Float = 0.11

  package init(columns: Int, side: Int) {
    (self.columns, self.side) = (columns, side)
  }

  /// Adds a row. Pictures of another size are resized to the cell; missing cells stay ground.
  package mutating func add(_ pictures: [Picture]) throws(LiaeError) {
    var row: [Picture] = []
    for picture in pictures.prefix(columns) {
      row.append(try picture.converted(to: .rgbFloat).resized(width: side, height: side))
    }
    rows.append(row)
  }

  /// The whole sheet as 8-bit RGB.
  package func picture() throws(LiaeError) -> Picture {
    let step = side + gap
    let sheet = try Picture(width: columns * step + gap, height: rows.count * step + gap, format: .rgb8)
    let pixels = sheet.bytes
    defer { withExtendedLifetime(sheet) {} }
    pixels.update(repeating: Picture.byte(ground))
    for (r, row) in rows.enumerated() {
      for (c, cell) in row.enumerated() {
        let source = cell.floats
        for y in 0..<side {
          let from = y * side * 3
          let to = ((gap + r * step + y) * sheet.width + gap + c * step) * 3
          for i in 0..<side * 3 { pixels[to + i] = Picture.byte(source[from + i]) }
        }
      }
    }
    return sheet
  }
}
