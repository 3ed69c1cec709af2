// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels

/// Makes the transformed weights U of a Winograd layer while it runs, from taps.
final class WeightTransform {
  let scope: WinogradScheme.WeightScope
  /// Floats of U.
  let floats: Int
  private let packed: PackedConvolution
  private let pieces: WinogradPieces
  private let taps: Table<TapParameters>

  /// - Parameter channels: packed input channels of a phase that are used.
  init(_ packed: PackedConvolution, channels: Int, scope: WinogradScheme.WeightScope) {
    (self.packed, self.scope) = (packed, scope)
    let n = packed.blockVectors * packed.width
    pieces = WinogradPieces(
      Self.split(packed, channels: channels), scope: scope, points: packed.points * packed.points, rowFloats: n,
      low: packed.kLow, high: packed.kHigh, rowOffset: packed.weightOffset, allRows: packed.weightRows)
    // The kernels load one pair of vectors past the end.
    floats = pieces.rows * n * (scope == .layer ? packed.columnBlocks : 1) + 4 * packed.width
    taps = Table([packed.taps])
  }

  /// Even ranges, none of more than `pieceBytes` of U or of two phases or halves.
  private static func split(_ packed: PackedConvolution, channels: Int) -> [Range<Int>] {
    let width = packed.width
    var ranges = (0..<packed.phases).map { $0 * packed.phaseChannels..<$0 * packed.phaseChannels + channels }
    if packed.layer.source == .halves && channels == packed.phaseChannels {
      let half = roundUp(packed.layer.inputChannels / 2, width)
      ranges = [0..<half, half..<channels]
    }
    return ranges.flatMap { range in
      WinogradScheme.pieces(range, points: packed.points, blockVectors: packed.blockVectors, width: width)
    }
  }

  private func make(
    _ piece: Int, block: Int, _ kernels: KernelTable, _ u: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    kernels.winogradWeights(
      UnsafePointer(taps.pointer), block, pieces.ranges[piece].lowerBound, pieces.ranges[piece].count,
      pieces.offsets(piece), u, scratch)
  }

  // MARK: - Layer and column block

  /// Tasks that make U of the layer.
  var tasks: Int { packed.columnBlocks * pieces.ranges.count }

  func task(
    _ index: Int, _ kernels: KernelTable, _ u: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let block = index / pieces.ranges.count
    make(
      index % pieces.ranges.count, block: block, kernels, u + block * pieces.rows * packed.blockVectors * packed.width,
      scratch)
  }

  /// Makes U of a column block.
  func make(
    block: Int, _ kernels: KernelTable, _ u: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    for piece in pieces.ranges.indices { make(piece, block: block, kernels, u, scratch) }
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
    p.weightRows = pieces.rows
    let size = taps.pointer.pointee.element == WeightElement.float32 ? 4 : 2
    for piece in pieces.ranges.indices {
      make(piece, block: block, kernels, u, scratch)
      (p.kLow, p.kHigh, p.weightOffset) = pieces.products(piece)
      p.accumulates = piece > 0
      // The taps of the next piece, or of the next block, are drawn near while this piece is multiplied.
      let isLast = piece == pieces.ranges.count - 1
      let next = taps.pointer.pointee.offset(
        width: packed.width, block: isLast ? block + 1 : block, k: pieces.ranges[isLast ? 0 : piece + 1].lowerBound)
      p.ahead = (taps.pointer.pointee.taps + next * size).assumingMemoryBound(to: Float.self)
      p.aheadFloats =
        isLast && block + 1 == packed.columnBlocks
        ? 0 : pieces.ranges[piece].count * 9 * packed.blockVectors * packed.width * size / 4
      kernels.winogradProduct(&p, 0, 0, p.tileCount, v, 0, m)
    }
  }
}
