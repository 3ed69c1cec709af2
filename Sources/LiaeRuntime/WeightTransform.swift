// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels

/// Makes the transformed weights U of a Winograd layer while it runs, from taps.
final class WeightTransform {
  /// Packed input channels of one phase, and of one half of a code.
  private struct Piece { let from, count: Int }

  let scope: WinogradScheme.WeightScope
  /// Floats of U.
  let floats: Int
  private let packed: PackedConvolution
  private let pieces: [Piece]
  private let taps: Table<TapParameters>
  /// For each piece and point: where U goes, floats, or -1; kLow, kHigh, weightOffset as the products read it.
  private let tables: Table<Int>
  private let points: Int
  /// Rows of U of a column block.
  private let rows: Int

  /// - Parameter channels: packed input channels of a phase that are used.
  init(_ packed: PackedConvolution, channels: Int, scope: WinogradScheme.WeightScope) {
    (self.packed, self.scope) = (packed, scope)
    let n = packed.blockVectors * packed.width
    points = packed.points * packed.points
    pieces = Self.split(packed, channels: channels)
    var entries: [Int] = []
    var rows = 0
    for piece in pieces {
      var offset: [Int] = [], low: [Int] = [], high: [Int] = [], row = 0
      for point in 0..<points {
        let isUsed = piece.from >= packed.kLow[point] && piece.from < packed.kHigh[point]
        if scope != .piece { row = packed.weightOffset[point] + piece.from - packed.kLow[point] }
        offset.append(isUsed ? row : -1)
        low.append(piece.from)
        high.append(isUsed ? piece.from + piece.count : piece.from)
        // A row between points, so that they do not begin at the same sets of a cache.
        if isUsed { row += piece.count + 1 }
      }
      rows = max(rows, row)
      entries += offset.map { $0 < 0 ? -1 : $0 * n } + low + high + offset.map { max(0, $0) }
    }
    self.rows = scope == .piece ? rows : packed.weightRows
    // The kernels load one pair of vectors past the end.
    floats = self.rows * n * (scope == .layer ? packed.columnBlocks : 1) + 4 * packed.width
    tables = Table(entries)
    taps = Table([packed.taps])
  }

  /// Even ranges, none of more than `pieceBytes` of U or of two phases or halves.
  private static func split(_ packed: PackedConvolution, channels: Int) -> [Piece] {
    let width = packed.width
    var ranges = (0..<packed.phases).map { Piece(from: $0 * packed.phaseChannels, count: channels) }
    if packed.layer.source == .halves && channels == packed.phaseChannels {
      let half = roundUp(packed.layer.inputChannels / 2, width)
      ranges = [Piece(from: 0, count: half), Piece(from: half, count: channels - half)]
    }
    return ranges.flatMap { range in
      WinogradScheme.pieces(
        range.count, points: packed.points, blockVectors: packed.blockVectors, width: width
      ).map { Piece(from: range.from + $0.lowerBound, count: $0.count) }
    }
  }

  private func table(_ piece: Int, _ part: Int) -> UnsafePointer<Int> {
    UnsafePointer(tables.pointer + (piece * 4 + part) * points)
  }

  private func make(
    _ piece: Int, block: Int, _ kernels: KernelTable, _ u: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    kernels.winogradWeights(
      UnsafePointer(taps.pointer), block, pieces[piece].from, pieces[piece].count, table(piece, 0), u, scratch)
  }

  // MARK: - Layer and column block

  /// Tasks that make U of the layer.
  var tasks: Int { packed.columnBlocks * pieces.count }

  func task(
    _ index: Int, _ kernels: KernelTable, _ u: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let block = index / pieces.count
    make(index % pieces.count, block: block, kernels, u + block * rows * packed.blockVectors * packed.width, scratch)
  }

  /// Makes U of a column block.
  func make(
    block: Int, _ kernels: KernelTable, _ u: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    for piece in pieces.indices { make(piece, block: block, kernels, u, scratch) }
  }

  // MARK: - Pieces

  /// M of all tiles for one column block. Each sum is taken in the order of k and in one float, so that it is the one of
  /// weights that are stored transformed.
  func products(
    _ parameters: WinogradParameters, block: Int, v: UnsafePointer<Float>, m: UnsafeMutablePointer<Float>,
    _ kernels: KernelTable, _ u: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    var p = parameters
    p.weights = UnsafePointer(u)
    p.weightRows = rows
    let size = taps.pointer.pointee.element == WeightElement.float32 ? 4 : 2
    for piece in pieces.indices {
      make(piece, block: block, kernels, u, scratch)
      (p.kLow, p.kHigh, p.weightOffset) = (table(piece, 1), table(piece, 2), table(piece, 3))
      p.accumulates = piece > 0
      // The taps of the next piece, or of the next block, are drawn near while this piece is multiplied.
      let isLast = piece == pieces.count - 1
      let next = taps.pointer.pointee.offset(
        width: packed.width, block: isLast ? block + 1 : block, k: pieces[isLast ? 0 : piece + 1].from)
      p.ahead = (taps.pointer.pointee.taps + next * size).assumingMemoryBound(to: Float.self)
      p.aheadFloats =
        isLast && block + 1 == packed.columnBlocks
        ? 0 : pieces[piece].count * 9 * packed.blockVectors * packed.width * size / 4
      kernels.winogradProduct(&p, 0, 0, p.tileCount, v, 0, m)
    }
  }
}
