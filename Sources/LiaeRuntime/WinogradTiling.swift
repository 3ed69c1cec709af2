// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels
import LiaeSystem

/// The tiles of a Winograd layer, how they are divided into tasks, and the scratch memory that they take.
final class WinogradTiling {
  let tiles: Table<Tile>
  /// Tiles by kind, (rows, columns): (6,4), (6,6), (4,6), (4,4); all of the second for the other families.
  let kinds: [Int]
  let tileCount: Int
  let offsets: Table<Int>
  /// For each block of input channels where it lies from the source's origin: phases of a stride of 2 one after the other,
  /// in the order (even, odd), (even, even), (odd, even), (odd, odd) of (row, column).
  let sourceOffsets: Table<Int>
  /// For each point the last k that is read.
  let kHigh: Table<Int>
  /// Packed channels of a phase that are read.
  let channels: Int
  /// Whether the transformed inputs of all tiles are shared by tasks, each of which is a block of output channels.
  let isShared: Bool
  /// Makes U of weights that are stored as taps.
  let transform: WeightTransform?
  /// Tiles of a task, and how many such blocks there are.
  let rowBlock, rowBlocks: Int
  /// Blocks of W input channels.
  let inputBlocks: Int
  let inputRows, inputPlane, productPlane: Int
  let scratch: ScratchSize

  init(_ packed: PackedConvolution, _ b: ConvolutionBinding) {
    let layer = packed.layer, width = packed.width, side = layer.outputSide
    let points = packed.points

    let axis = WinogradGeometry.axis(side: side, family: packed.family) ?? []
    var kinds: [[Tile]] = [[], [], [], []]
    let residual = b.residual ?? b.target
    let step = layer.depthToSpace ? 2 : 1
    for image in 0..<b.images {
      for row in axis {
        for column in axis {
          let kind = packed.family == 6 ? (row.size == 6 ? (column.size == 6 ? 1 : 0) : (column.size == 6 ? 2 : 3)) : 1
          let y = row.start * layer.stride - layer.padding, x = column.start * layer.stride - layer.padding
          kinds[kind].append(
            Tile(
              source: image * b.source.image + y * b.source.row + x * width,
              residual: image * residual.image + row.start * residual.row + column.start * width,
              target: image * b.target.image + row.start * step * b.target.row + column.start * step * width,
              skippedRows: row.skipped, skippedColumns: column.skipped))
        }
      }
    }
    let tiles = kinds.flatMap { $0 }
    (self.kinds, tileCount) = (kinds.map(\.count), tiles.count)

    let channels = b.readsHalf ? layer.inputChannels / 2 : packed.phaseChannels
    self.channels = channels
    let total = channels * packed.phases
    inputBlocks = roundUp(total, width) / width
    let perPhase = roundUp(channels, width) / width
    sourceOffsets = Table(
      (0..<inputBlocks).map { block in
        let phase = block / perPhase
        let first = packed.phases == 1 ? 0 : (phase >> 1) * b.source.row + (phase == 0 || phase == 3 ? width : 0)
        return block % perPhase * b.source.plane + first
      })
    let line = axis.reduce(0) { $0 + $1.size + 2 }
    let scheme = WinogradScheme(
      points: points, tiles: tileCount, transformedPixels: b.images * line * line, summed: total,
      vectors: packed.vectors, blockVectors: packed.blockVectors, width: width, side: side,
      makesWeights: packed.stored != .transformed, sharesInputs: b.sharesInputs)
    transform = scheme.weights.map { WeightTransform(packed, channels: channels, scope: $0) }
    (isShared, rowBlock, rowBlocks) = (scheme.isShared, scheme.rowBlock, scheme.rowBlocks)
    (inputRows, inputPlane, productPlane) = (scheme.inputRows, scheme.inputPlane, scheme.productPlane)
    offsets = Table(targetOffsets(packed, b.target))
    self.tiles = Table(tiles)
    kHigh = Table((0..<points * points).map { b.readsHalf ? min(channels, packed.kHigh[$0]) : packed.kHigh[$0] })
    let v = points * points * inputPlane
    let u = transform?.floats ?? 0
    scratch = ScratchSize(
      shared: isShared ? v : u, input: isShared ? 0 : v, product: points * points * productPlane,
      weights: isShared ? u : 0)
  }
}
