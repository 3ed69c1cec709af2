// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSwap
import LiaeSystem
import LiaeTensor

/// A picture of one frame's faces in several variants of a merge, each with its number and what distinguishes it.
package struct PreviewSheet {
  private let frame: Picture
  private let faces: [DetectedFace]
  private let pool: FrameWorkerPool

  /// - Parameter pool: whose settings the variants start from.
  package init(frame: Picture, faces: [DetectedFace], pool: FrameWorkerPool) {
    (self.frame, self.faces, self.pool) = (frame, faces, pool)
  }

  /// Pixels of a cell's longer side.
  private static let side = 256
  private static let lineHeight = PixelFont.height + 3

  /// Swaps and draws. The network runs once for all variants that ask it for the same.
  ///
  /// - Throws: what a swap throws, with the variant's options; `outOfMemory`.
  package func picture(_ rows: [[PreviewVariant]]) throws(LiaeError) -> Picture {
    let part = faceArea
    let scale = Double(Self.side) / Double(max(part.width, part.height))
    let (width, height) = (max(1, Int(Double(part.width) * scale)), max(1, Int(Double(part.height) * scale)))
    var sheet = ContactSheet(columns: rows.map(\.count).max() ?? 1, width: width, height: height)
    // Room for two lines of text below each row.
    let head = 2 * Self.lineHeight + 2
    var predictions: [Prediction] = []
    for row in rows {
      var cells: [Picture] = []
      for variant in row {
        do throws(LiaeError) { cells.append(try cell(variant, part, &predictions)) } catch {
          throw error.within(variant.options)
        }
      }
      try sheet.add(cells)
    }
    let raster = try Raster(
      width: sheet.totalWidth, height: sheet.gap + rows.count * (height + head + sheet.gap), ground: Ink(0x1c1c1c))
    var number = 0
    for (r, row) in sheet.rows.enumerated() {
      let top = sheet.gap + r * (height + head + sheet.gap)
      for (c, picture) in row.enumerated() {
        let left = sheet.gap + c * (width + sheet.gap)
        try raster.place(picture, x: left, y: top)
        number += 1
        for (l, line) in Self.lines("\(number): \(rows[r][c].options)", width: width).enumerated() {
          raster.write(line, x: left, y: top + height + 3 + l * Self.lineHeight, Ink(0xdddddd))
        }
      }
    }
    return raster.picture
  }

  /// The model's output for the faces, reused by settings that need the same.
  private struct Prediction {
    var morph: Double?
    var type: FaceType?
    var faces: [SwappedFace]
  }

  private func cell(_ variant: PreviewVariant, _ part: Region, _ predictions: inout [Prediction]) throws(LiaeError)
    -> Picture
  {
    try CallScope.check()
    let (morph, type) = (variant.settings.morph, variant.settings.faceType)
    let known = predictions.first { $0.morph == morph && $0.type == type }
    let swapped = try pool.with(variant.settings).swap(
      frame, faces, number: 0, worker: 0, mask: nil, predicted: known?.faces)
    if known == nil { predictions.append(Prediction(morph: morph, type: type, faces: swapped.faces)) }
    return try swapped.picture.cropped(x: part.left, y: part.top, width: part.width, height: part.height)
  }

  /// The faces and as much around them: forehead, hair, and what a mask or a colour may spoil.
  private var faceArea: Region {
    let points = faces.flatMap(\.points)
    func span(_ values: [Double], _ limit: Int) -> (Int, Int) {
      let (low, high) = (values.min() ?? 0, values.max() ?? 0)
      let margin = max((high - low) * 0.6, 8)
      let start = Int(min(max(low - margin, 0), Double(limit - 1)))
      let end = Int(min(max(high + margin, 1), Double(limit)))
      return (start, max(end, start + 1))
    }
    let (left, right) = span(points.map(\.x), frame.width)
    let (top, bottom) = span(points.map(\.y), frame.height)
    return Region(left: left, top: top, width: right - left, height: bottom - top)
  }

  /// A text in two lines that fit.
  private static func lines(_ text: String, width: Int) -> [String] {
    let letters = max(1, width / PixelFont.advance)
    return [String(text.prefix(letters)), String(text.dropFirst(letters).prefix(letters))].filter { !$0.isEmpty }
  }
}
