// SPDX-License-Identifier: Apache-2.0

/// How a layer by Winograd is divided into tasks, and what of it is made at a time.
///
/// Shared inputs: V of all tiles is made first, then a task is a block of output channels, whose U is read, or made, once.
/// Private inputs: a task is a block of tiles, which it takes through all channels while V stays in L2; no barrier, and U
/// streams past it.
package struct WinogradScheme: Sendable {
  /// What U is made of at a time where weights are stored as taps.
  package enum WeightScope: Sendable {
    /// A range of input channels of a column block, small enough to stay in L2; the products of the ranges add up.
    case piece
    /// A column block, for the tiles of several tasks one after the other.
    case columnBlock
    /// The layer, before anything else, in memory that workers share.
    case layer
  }

  package let isShared: Bool
  /// Tiles of a task, and how many such blocks there are.
  package let rowBlock, rowBlocks: Int
  /// How much of U is made at a time; nil where weights are stored transformed.
  package let weights: WeightScope?
  /// Rows of V, floats of one point of V, and floats of one point of M.
  package let inputRows, inputPlane, productPlane: Int

  /// U of one piece, which shares L2 with products and inputs.
  package static let pieceBytes = 1 << 19

  /// - Parameters:
  ///   - points: of one axis.
  ///   - tiles: of all images.
  ///   - transformedPixels: points of all tiles, which are fewer than `tiles` times those of the largest where tiles differ.
  ///   - summed: packed input channels of all phases.
  ///   - vectors: of output channels.
  ///   - side: of the output, pixels; of a batch that is one layer, of a picture of as many pixels.
  ///   - makesWeights: weights are stored as taps.
  ///   - workers: threads that take the tasks: the sizes of blocks depend on them, and results do not.
  ///   - sharesInputs: overrules the choice.
  package init(
    points: Int, tiles: Int, transformedPixels: Int, summed: Int, vectors: Int, blockVectors: Int, width: Int,
    side: Int, makesWeights: Bool, workers: Int, sharesInputs: Bool? = nil
  ) {
    let inputs = roundUp(summed, width), all = points * points
    let uBytes = all * summed * vectors * width * 4, vBytes = transformedPixels * inputs * 4
    // A private block of transformed tiles should stay in L2 while U streams past it.
    // Whole register tiles, of 14 rows in AVX-512 and of 6 in AVX2, where the picture has as many.
    let privateRows = min(width >= 16 ? 28 : 24, (3 << 19) / max(1, all * inputs * 4))
    // Shared V is read once for each block of output channels: past 8 MB that costs more than to read U once for each
    // block of tiles, and so it does for large pictures where U stays in cache (measured, docs/performance.md). U that is
    // made in the run is made whole for private V, and takes its memory.
    isShared =
      sharesInputs
      ?? (privateRows < 14 || (vBytes <= 8 << 20 && (uBytes > 16 << 20 || side < 48))
        || (makesWeights && uBytes > vBytes))
    let wanted = min(tiles, isShared ? 64 : privateRows)
    let blocks = (tiles + wanted - 1) / wanted
    var rowBlock = (tiles + blocks - 1) / blocks
    if !makesWeights || !isShared {
      // What a block costs beside its tiles, in tiles: weights that are read once more, from memory where inputs are shared.
      rowBlock = Self.rowBlock(
        tiles, most: wanted, columns: isShared ? (vectors + blockVectors - 1) / blockVectors : 1,
        extra: isShared ? 8 : 2, workers: workers)
    }
    if !makesWeights {
      weights = nil
    } else if isShared {
      // M of all tiles and U of a piece, or U of a column block and M of some tiles: what takes less memory.
      let perRow = blockVectors * width * 4 * all
      let isWide = Self.pieceBytes + tiles * perRow > (summed + rowBlock) * perRow
      if !isWide { rowBlock = tiles }
      weights = isWide && blocks > 1 ? .columnBlock : .piece
    } else {
      weights = .layer
    }
    self.rowBlock = rowBlock
    rowBlocks = (tiles + rowBlock - 1) / rowBlock
    inputRows = isShared ? tiles : rowBlock
    // The last row of a plane is followed by a vector, which kernels may load.
    inputPlane = Self.plane(inputs * inputRows + width)
    productPlane = Self.plane(rowBlock * blockVectors * width + width)
  }

  /// Floats from one plane to the next: an odd number of lines, so that the same row of all points does not meet in a few sets
  /// of a cache.
  private static func plane(_ floats: Int) -> Int { ((floats + 15) / 16 | 1) * 16 }

  /// The tiles of a block with which workers that take block after block end soonest.
  ///
  /// - Parameters:
  ///   - most: tiles of a block at most.
  ///   - columns: tasks of a block.
  ///   - extra: cost of a task beside its tiles, in tiles.
  static func rowBlock(_ tiles: Int, most: Int, columns: Int, extra: Int, workers: Int) -> Int {
    func blocks(_ rows: Int) -> Int { (tiles + rows - 1) / rows }
    var (best, least) = (max(1, most), Int.max)
    for rows in stride(from: max(1, most), through: min(max(1, most), 8), by: -1) {
      let cost = (blocks(rows) * columns + workers - 1) / workers * (rows + extra)
      if cost < least { (best, least) = (rows, cost) }
    }
    return best
  }

  /// How many of a batch's images a pass over shared inputs takes, which divides their number: as many as have their V in
  /// 12 MB, from which every column block reads it. U is read again in every pass.
  ///
  /// - Parameter inputBytes: of V of all images.
  package static func imagesOfPass(_ images: Int, inputBytes: Int) -> Int {
    (1...max(1, images)).first { images % $0 == 0 && inputBytes / $0 <= 12 << 20 }.map { images / $0 } ?? 1
  }

  /// Divides packed channels into even ranges, whole vectors but for the last, none of more than `pieceBytes` of U.
  package static func pieces(_ channels: Range<Int>, points: Int, blockVectors: Int, width: Int) -> [Range<Int>] {
    let row = points * points * blockVectors * width * 4
    let most = max(width, pieceBytes / row / width * width)
    let count = (channels.count + most - 1) / most
    let each = roundUp((channels.count + count - 1) / count, width)
    return stride(from: channels.lowerBound, to: channels.upperBound, by: each).map {
      $0..<min(channels.upperBound, $0 + each)
    }
  }
}
