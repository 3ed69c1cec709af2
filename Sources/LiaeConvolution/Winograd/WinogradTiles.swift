// SPDX-License-Identifier: Apache-2.0
import LiaeKernels

/// The tiles of the pictures of a batch in the order in which kernels take them. They hold offsets and no addresses.
package final class WinogradTiles {
  /// Strides of pictures, floats, and the pixels between neighbours of what is read or written of them.
  package struct Pictures {
    let image, row, pixel, stride: Int
    package init(image: Int, row: Int, pixel: Int, stride: Int) {
      (self.image, self.row, self.pixel, self.stride) = (image, row, pixel, stride)
    }
  }

  package let count: Int
  private let images: Int
  /// Where tiles of 4 rows, of 6 rows and 6 columns, and of 6 columns alone end: `kind1` to `kind3` of `WinogradParameters`.
  private let ends: [Int]
  private let tiles: Table<Tile>
  private let clips: Table<Clip>?
  /// Points of all tiles, which are fewer than `count` times those of the largest where tiles differ.
  package let transformedPixels: Int

  /// - Parameters:
  ///   - side: of the output.
  ///   - padding: zero pixels above and left of the source's picture.
  ///   - residual: of what is added to the output; nil: it stands as the target does.
  ///   - sourceSide: pixels of the source that are read, where windows leave it; nil: it has a border.
  package init(
    tileSize: Int, side: Int, images: Int, padding: Int, source: Pictures, target: Pictures, residual: Pictures? = nil,
    sourceSide: Int? = nil
  ) {
    self.images = images
    let axis = WinogradGeometry.axis(side: side, tileSize: tileSize) ?? []
    // By (rows, columns): (6, 4), (6, 6), (4, 6), (4, 4); tiles of one size are of the second kind.
    var kinds: [[Tile]] = [[], [], [], []]
    var clips: [Clip] = []
    for image in 0..<images {
      for row in axis {
        for column in axis {
          let kind = tileSize == 6 ? (row.size == 6 ? (column.size == 6 ? 1 : 0) : (column.size == 6 ? 2 : 3)) : 1
          func offset(_ pictures: Pictures, _ before: Int) -> Int {
            image * pictures.image + (row.start * pictures.stride - before) * pictures.row
              + (column.start * pictures.stride - before) * pictures.pixel
          }
          kinds[kind].append(
            Tile(
              source: offset(source, padding), residual: residual.map { offset($0, 0) } ?? 0,
              target: offset(target, 0), skippedRows: row.skipped, skippedColumns: column.skipped))
          guard let sourceSide else { continue }
          let window = tileSize + 2
          func inside(_ start: Int) -> Range<Int> {
            let first = start - padding / source.stride
            return max(0, -first)..<min(window, sourceSide - first)
          }
          let (rows, columns) = (inside(row.start), inside(column.start))
          clips.append(Clip(rows: rows, columns: columns, isCut: rows.count < window || columns.count < window))
        }
      }
    }
    let all = kinds.flatMap { $0 }
    ends = [kinds[0].count, kinds[0].count + kinds[1].count, all.count - kinds[3].count]
    (count, tiles) = (all.count, Table(all))
    self.clips = sourceSide == nil ? nil : Table(clips)
    let line = axis.reduce(0) { $0 + $1.size + 2 }
    transformedPixels = images * line * line
  }

  /// The tiles themselves, which `WinogradParameters` takes when it is created.
  package var pointer: UnsafePointer<Tile> { UnsafePointer(tiles.pointer) }

  /// Tiles, the first ones, that are those of the first images; 0 where tiles of several kinds mix the images.
  func count(ofImages first: Int) -> Int {
    ends.allSatisfy { $0 == 0 || $0 == count } ? count / max(1, images) * first : 0
  }

  package func set(_ parameters: inout WinogradParameters) {
    parameters.tiles = pointer
    parameters.clips = clips.map { UnsafePointer($0.pointer) }
    (parameters.kind1, parameters.kind2, parameters.kind3) = (ends[0], ends[1], ends[2])
    parameters.tileCount = count
  }
}
