// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// A picture of some faces with what their masks leave out tinted red.
package struct MaskSheet {
  /// Faces of a sheet at most.
  package static let most = 96
  private static let columns = 12
  private static let side = 128

  private var cells: [Picture] = []
  /// Every how many faces one is shown; grows, so that faces from all of the folder are.
  private var step = 1
  private var seen = 0

  package init() {}

  /// Takes a face, or leaves it out.
  mutating func add(_ picture: Picture, _ mask: MaskCanvas) throws(LiaeError) {
    defer { seen += 1 }
    guard seen % step == 0 else { return }
    if cells.count == Self.most {
      cells = cells.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
      step *= 2
      guard seen % step == 0 else { return }
    }
    let face = try ColorCanvas(try picture.converted(to: .bgrFloat).resized(width: Self.side, height: Self.side))
    let weight = try mask.resized(width: Self.side, height: Self.side, interpolation: .linear)
    for i in 0..<face.count {
      let covered = 1 - weight.pixels[i].clamped
      let tinted = face.pixels[i] * 0.45 + LiaeFrame.Color(0.05, 0.05, 0.5, 0)
      face.pixels[i] = face.pixels[i] * (1 - covered) + tinted * covered
    }
    withExtendedLifetime(weight) {}
    cells.append(try Picture(face, format: .rgb8))
  }

  /// The sheet; nil where it has no face.
  package func picture() throws(LiaeError) -> Picture? {
    guard !cells.isEmpty else { return nil }
    let columns = min(Self.columns, cells.count)
    var sheet = ContactSheet(columns: columns, side: Self.side)
    for start in stride(from: 0, to: cells.count, by: columns) {
      try sheet.add(Array(cells[start..<min(start + columns, cells.count)]))
    }
    return try sheet.picture()
  }
}
