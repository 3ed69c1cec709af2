// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import Testing

/// How layers are divided among threads and batches among passes.
@Suite struct WinogradSchemeTests {
  static let sides = [16, 20, 32, 40, 56, 64, 80, 112, 128, 160]

  func scheme(side: Int, channels: Int, outputs: Int, workers: Int, makesWeights: Bool = false) throws -> (
    scheme: WinogradScheme, tiles: Int
  ) {
    let axis = try #require(WinogradGeometry.axis(side: side, tileSize: 6))
    let line = axis.reduce(0) { $0 + $1.size + 2 }, tiles = axis.count * axis.count
    return (
      WinogradScheme(
        points: 8, tiles: tiles, transformedPixels: line * line, summed: channels, vectors: (outputs + 15) / 16,
        blockVectors: outputs > 16 ? 2 : 1, width: 16, side: side, makesWeights: makesWeights, workers: workers), tiles
    )
  }

  /// No worker waits for long: the last ends at most half as late again as if tiles could be divided at will, where each
  /// worker has as many as a block should have.
  @Test func workersEndTogether() throws {
    for side in Self.sides {
      for channels in [32, 64, 128, 256, 512] {
        for workers in [1, 2, 3, 4, 6, 8, 12, 16, 24] {
          let (scheme, tiles) = try scheme(side: side, channels: channels, outputs: channels, workers: workers)
          let columns = (channels + 31) / 32, all = tiles * columns
          let tasks = scheme.isShared ? columns * scheme.rowBlocks : scheme.rowBlocks
          let longest = (tasks + workers - 1) / workers * scheme.rowBlock * (scheme.isShared ? 1 : columns)
          #expect(scheme.rowBlock * scheme.rowBlocks >= tiles && scheme.rowBlock * (scheme.rowBlocks - 1) < tiles)
          guard all / workers >= (scheme.isShared ? 28 : 14 * columns) else { continue }
          #expect(
            Double(longest) <= 1.5 * Double(all) / Double(workers),
            "side \(side), \(channels) channels, \(workers) workers: \(tasks) tasks of \(scheme.rowBlock) tiles")
        }
      }
    }
  }

  /// Threads decide on the size of tasks alone: whether inputs are shared, which orders nothing else, does not change.
  @Test func workersDecideOnBlocksAlone() throws {
    for side in Self.sides {
      for makesWeights in [false, true] {
        let schemes = try [1, 2, 8].map {
          try scheme(side: side, channels: 128, outputs: 256, workers: $0, makesWeights: makesWeights).scheme
        }
        #expect(Set(schemes.map(\.isShared)).count == 1 && Set(schemes.map(\.weights)).count == 1)
      }
    }
  }

  /// The same row of all points lies in lines of different sets: an odd number of lines apart.
  @Test func planesDoNotMeetInACache() throws {
    for side in Self.sides {
      for channels in [16, 32, 48, 96, 144, 256] {
        for workers in [1, 2, 5] {
          let (scheme, _) = try scheme(side: side, channels: channels, outputs: channels, workers: workers)
          #expect(scheme.inputPlane % 32 == 16 && scheme.productPlane % 32 == 16)
          #expect(scheme.inputPlane >= channels * scheme.inputRows + 16)
        }
      }
    }
  }

  @Test func passesDivideABatch() {
    let megabyte = 1 << 20
    #expect(WinogradScheme.imagesOfPass(1, inputBytes: 100 * megabyte) == 1)
    #expect(WinogradScheme.imagesOfPass(8, inputBytes: 12 * megabyte) == 8)
    #expect(WinogradScheme.imagesOfPass(8, inputBytes: 32 * megabyte) == 2)
    #expect(WinogradScheme.imagesOfPass(7, inputBytes: 13 * megabyte) == 1)
    for images in 1...64 {
      let each = WinogradScheme.imagesOfPass(images, inputBytes: images * megabyte)
      #expect(images % each == 0 && each <= 12)
    }
  }
}
