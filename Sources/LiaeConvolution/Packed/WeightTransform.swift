// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernels

/// Makes the transformed weights U of a packed layer while it runs, from taps.
final class WeightTransform: WinogradWeights {
  let pieces: WinogradPieces
  private let packed: PackedConvolution
  private let taps: Table<TapParameters>

  /// - Parameter channels: packed input channels of a phase that are used.
  init(_ packed: PackedConvolution, channels: Int, scope: WinogradScheme.WeightScope) {
    self.packed = packed
    pieces = WinogradPieces(
      Self.split(
        packed.layer, phases: packed.phases, phaseChannels: packed.phaseChannels, channels: channels,
        points: packed.points, blockVectors: packed.blockVectors, width: packed.width),
      scope: scope, points: packed.points * packed.points,
      rowFloats: packed.blockVectors * packed.width, low: packed.kLow, high: packed.kHigh,
      rowOffset: packed.weightOffset, allRows: packed.weightRows)
    taps = Table([packed.taps])
  }

  /// Even ranges, none of more than `pieceBytes` of U or of two phases or halves.
  ///
  /// - Parameter channels: packed input channels of a phase that are used.
  static func split(
    _ layer: ConvolutionLayer, phases: Int, phaseChannels: Int, channels: Int, points: Int, blockVectors: Int,
    width: Int
  ) -> [Range<Int>] {
    var ranges = (0..<phases).map { $0 * phaseChannels..<$0 * phaseChannels + channels }
    if layer.source == .halves && channels == phaseChannels {
      let half = roundUp(layer.inputChannels / 2, width)
      ranges = [0..<half, half..<channels]
    }
    return ranges.flatMap { range in
      WinogradScheme.pieces(range, points: points, blockVectors: blockVectors, width: width)
    }
  }

  func make(
    _ piece: Int, block: Int, into u: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    packed.kernels.winogradWeights(
      UnsafePointer(taps.pointer), block, pieces.ranges[piece].lowerBound, pieces.ranges[piece].count,
      pieces.offsets(piece), u, scratch)
  }

  /// The taps of the next piece, or of the next block.
  func following(_ piece: Int, block: Int) -> (start: UnsafePointer<Float>, floats: Int)? {
    let isLast = piece == pieces.ranges.count - 1
    if isLast && block + 1 == packed.columnBlocks { return nil }
    let size = taps.pointer.pointee.element == WeightElement.float32 ? 4 : 2
    let next = taps.pointer.pointee.offset(
      width: packed.width, block: isLast ? block + 1 : block, k: pieces.ranges[isLast ? 0 : piece + 1].lowerBound)
    return (
      (taps.pointer.pointee.taps + next * size).assumingMemoryBound(to: Float.self),
      pieces.ranges[piece].count * 9 * packed.blockVectors * packed.width * size / 4
    )
  }
}
