// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeGraph
import LiaeSystem

/// Where a convolution reads and writes.
package struct ConvolutionBinding {
  package var source: ActivationView
  package var target: ActivationView
  /// The residual block's input; may be the target itself, pixel by pixel.
  package var residual: ActivationView?
  package var images: Int
  /// Only the first half of a code: the swap.
  package var firstHalfOnly = false
  /// Overrules whether a Winograd layer shares its transformed inputs between tasks.
  var sharesInputs: Bool?

  package init(
    source: ActivationView, target: ActivationView, residual: ActivationView? = nil, images: Int,
    firstHalfOnly: Bool = false
  ) {
    (self.source, self.target, self.residual) = (source, target, residual)
    (self.images, self.firstHalfOnly) = (images, firstHalfOnly)
  }
}

/// Makes the step of a packed convolution.
package func convolutionStep(
  _ packed: PackedConvolution, _ binding: ConvolutionBinding, when condition: @escaping (Needs) -> Bool
) -> Step {
  packed.family == 0
    ? DirectStep(packed, binding, when: condition) : WinogradStep(packed, binding, when: condition)
}

/// Memory of parameters that kernels point into.
final class Table<Element> {
  let pointer: UnsafeMutablePointer<Element>
  init(_ elements: [Element]) {
    pointer = .allocate(capacity: max(1, elements.count))
    _ = UnsafeMutableBufferPointer(start: pointer, count: elements.count).initialize(from: elements)
  }
  deinit { pointer.deallocate() }
}

private func activationKind(_ activation: LiaeGraph.Activation) -> (kind: Int, slope: Float) {
  switch activation {
  case .none: return (ActivationKind.leaky, 1)
  case .leaky(let slope): return (ActivationKind.leaky, slope)
  case .cosine: return (ActivationKind.cosine, 0)
  }
}

private func targetOffsets(_ packed: PackedConvolution, _ target: ActivationView) -> [Int] {
  let perPart = packed.vectors / (packed.layer.depthToSpace ? 4 : 1)
  return (0..<packed.vectors).map { vector in
    let part = vector / perPart
    return vector % perPart * target.plane + part / 2 * target.row + part % 2 * packed.width
  }
}

/// Those of the sum that is really made: half of them where half of a code is read.
private func countMultiplications(_ packed: PackedConvolution, _ b: ConvolutionBinding) -> Double {
  Work(packed.layer, packed.algorithm).multiplications * Double(b.images) / (b.firstHalfOnly ? 2 : 1)
}

private func destination(_ packed: PackedConvolution, _ binding: ConvolutionBinding, _ offsets: Table<Int>)
  -> Destination
{
  let (kind, slope) = activationKind(packed.layer.activation)
  return Destination(
    target: binding.target, step: packed.layer.depthToSpace ? 2 : 1, offsets: UnsafePointer(offsets.pointer),
    vectors: packed.vectors, residual: binding.residual, bias: packed.bias, activation: kind, slope: slope)
}

/// A convolution by Winograd: transform, products, transform.
///
/// Private V: a task is a block of tiles, which it takes through all channels; no barrier, U comes from cache. Shared V:
/// all tiles are transformed first, then a task is a block of output channels; U is read once. Where weights are stored
/// as taps, `transform` makes U: for private V all of it first, for shared V within the task of a column block.
final class WinogradStep: Step {
  private let packed: PackedConvolution
  private let parameters: Table<WinogradParameters>
  private let tables: (offsets: Table<Int>, tiles: Table<Tile>, kHigh: Table<Int>)
  private let isShared: Bool
  private let transform: WeightTransform?
  /// Tiles of a task, and how many such blocks there are.
  private let rowBlock, rowBlocks: Int
  private let inputBlocks, tileCount: Int
  /// Which of two regions is running: the one that makes V or U for all, or the one that multiplies.
  private var transforming = false
  private let needed: ScratchSize
  package override var scratch: ScratchSize { needed }

  init(_ packed: PackedConvolution, _ b: ConvolutionBinding, when condition: @escaping (Needs) -> Bool) {
    self.packed = packed
    let layer = packed.layer, width = packed.width, side = layer.outputSide
    let points = packed.points

    // Tiles by kind: (6,4), (6,6), (4,6), (4,4); all of one kind for the other families.
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
    tileCount = tiles.count

    let channels = b.firstHalfOnly ? layer.inputChannels / 2 : packed.phaseChannels
    let total = channels * packed.phases
    inputBlocks = roundUp(total, width) / width
    let uBytes = points * points * total * packed.vectors * width * 4
    let perTile = points * points * roundUp(total, width) * 4
    // A private block of transformed tiles should stay in L2 while U streams past it.
    let privateRows = min(28, (3 << 19) / max(1, perTile))
    // Shared V is read once for each block of output channels: past 8 MB that costs more than to read U once for each
    // block of tiles, and so it does for large pictures where U stays in cache (measured, docs/performance.md).
    let line = axis.reduce(0) { $0 + $1.size + 2 }
    let vBytes = b.images * line * line * roundUp(total, width) * 4
    // U that is made in the run is made whole for private V, and takes its memory.
    let isTransformed = packed.stored == .transformed
    isShared =
      b.sharesInputs
      ?? (privateRows < 14 || (vBytes <= 8 << 20 && (uBytes > 16 << 20 || side < 48))
        || (!isTransformed && uBytes > vBytes))
    let wanted = min(tileCount, isShared ? 64 : privateRows)
    let blocks = (tileCount + wanted - 1) / wanted
    var rowBlock = (tileCount + blocks - 1) / blocks
    if isTransformed {
      transform = nil
    } else if isShared {
      // M of all tiles and U of a piece, or U of a column block and M of some tiles: what takes less memory.
      let perRow = packed.blockVectors * width * 4 * points * points
      let isWide = WeightTransform.pieceBytes + tileCount * perRow > (total + rowBlock) * perRow
      if !isWide { rowBlock = tileCount }
      transform = WeightTransform(packed, channels: channels, scope: isWide && blocks > 1 ? .columnBlock : .piece)
    } else {
      transform = WeightTransform(packed, channels: channels, scope: .layer)
    }
    self.rowBlock = rowBlock
    rowBlocks = (tileCount + rowBlock - 1) / rowBlock
    let inputRows = isShared ? tileCount : rowBlock

    // The last row of a block's plane is followed by a vector, so that planes do not start at powers of two.
    let inputPlane = inputBlocks * inputRows * width + width
    let productPlane = rowBlock * packed.blockVectors * width + width
    let offsets = Table(targetOffsets(packed, b.target))
    let tileTable = Table(tiles)
    let high = Table((0..<points * points).map { b.firstHalfOnly ? min(channels, packed.kHigh[$0]) : packed.kHigh[$0] })
    tables = (offsets, tileTable, high)
    var p = WinogradParameters(
      source: b.source, destination: destination(packed, b, offsets), tiles: UnsafePointer(tileTable.pointer),
      weights: packed.weights, kLow: packed.kLow, kHigh: UnsafePointer(high.pointer), weightOffset: packed.weightOffset)
    p.family = packed.family
    p.phases = packed.phases
    p.phaseChannels = channels
    p.kind1 = kinds[0].count
    p.kind2 = p.kind1 + kinds[1].count
    p.kind3 = p.kind2 + kinds[2].count
    p.tileCount = tileCount
    p.inputRows = inputRows
    p.inputPlane = inputPlane
    p.productPlane = productPlane
    p.weightRows = packed.weightRows
    p.blockVectors = packed.blockVectors
    p.halfWidth = width / 2
    parameters = Table([p])
    let v = points * points * inputPlane
    let u = transform?.floats ?? 0
    needed = ScratchSize(
      shared: isShared ? v : u, input: isShared ? 0 : v, product: points * points * productPlane,
      weights: isShared ? u : 0)
    super.init(
      layer.name, algorithm: packed.algorithm.name, flops: layer.flops * Double(b.images),
      multiplications: countMultiplications(packed, b),
      weightBytes: b.firstHalfOnly ? packed.bytes / 2 : packed.bytes, when: condition)
  }

  override func execute(_ state: RunState) {
    if isShared {
      transforming = true
      parallel(inputBlocks, state)
      transforming = false
      parallel(packed.columnBlocks * (transform == nil ? rowBlocks : 1), state)
    } else {
      if let transform {
        transforming = true
        parallel(transform.tasks, state)
        transforming = false
      }
      parallel(rowBlocks, state)
    }
  }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    let kernels = state.kernels, workspace = state.workspace
    let p = UnsafePointer(parameters.pointer)
    let scratch = workspace.scratch(worker), m = workspace.product(worker)
    if isShared {
      if transforming {
        kernels.winogradInput(p, index, 0, tileCount, workspace.shared, scratch)
        return
      }
      if let transform {
        columnBlock(index, transform, p, workspace.weights(worker), m, scratch, state)
        return
      }
      let block = index / rowBlocks, from = index % rowBlocks * rowBlock, to = min(from + rowBlock, tileCount)
      kernels.winogradProduct(p, block, from, to, workspace.shared, 0, m)
      kernels.winogradOutput(p, block, from, to, m, scratch)
    } else {
      if transforming {
        transform?.task(index, kernels, workspace.shared, scratch)
        return
      }
      let from = index * rowBlock, to = min(from + rowBlock, tileCount), v = workspace.input(worker)
      var local = parameters.pointer.pointee
      if transform != nil { local.weights = UnsafePointer(workspace.shared) }
      for block in 0..<inputBlocks { kernels.winogradInput(p, block, from, to, v, scratch) }
      for block in 0..<packed.columnBlocks {
        kernels.winogradProduct(&local, block, from, to, v, from, m)
        kernels.winogradOutput(p, block, from, to, m, scratch)
      }
    }
  }

  /// A column block whose U is made here, with all tiles.
  private func columnBlock(
    _ block: Int, _ transform: WeightTransform, _ p: UnsafePointer<WinogradParameters>,
    _ u: UnsafeMutablePointer<Float>, _ m: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>,
    _ state: RunState
  ) {
    let kernels = state.kernels, v = UnsafePointer(state.workspace.shared)
    if transform.scope == .piece {
      transform.products(p.pointee, block: block, v: v, m: m, kernels, u, scratch)
      kernels.winogradOutput(p, block, 0, tileCount, m, scratch)
      return
    }
    transform.make(block: block, kernels, u, scratch)
    var local = p.pointee
    local.weights = UnsafePointer(u)
    for from in stride(from: 0, to: tileCount, by: rowBlock) {
      let to = min(from + rowBlock, tileCount)
      kernels.winogradProduct(&local, 0, from, to, v, 0, m)
      kernels.winogradOutput(p, block, from, to, m, scratch)
    }
  }
}

/// A convolution by its plain sum. A task is some rows of one image for one block of output channels.
final class DirectStep: Step {
  private let packed: PackedConvolution
  private let parameters: Table<DirectParameters>
  private let tables: (offsets: Table<Int>, runs: Table<Run>)
  private let images, rowsPerTask, parts: Int

  init(_ packed: PackedConvolution, _ b: ConvolutionBinding, when condition: @escaping (Needs) -> Bool) {
    self.packed = packed
    images = b.images
    let layer = packed.layer, side = layer.outputSide
    let interleaved = packed.arrangement == .interleaved
    let pixel = interleaved ? layer.inputChannels : packed.width
    let runs = DirectRuns.visit(layer, packed.arrangement, packed.width).map { visit in
      Run(
        offset: (visit.kernelRow - layer.padding) * b.source.row + (visit.kernelColumn - layer.padding) * pixel
          + visit.block * b.source.plane,
        length: visit.length)
    }
    let offsets = Table(targetOffsets(packed, b.target)), runTable = Table(runs)
    tables = (offsets, runTable)
    var p = DirectParameters(
      source: b.source, runs: UnsafePointer(runTable.pointer), destination: destination(packed, b, offsets),
      weights: packed.weights)
    p.sourceStep = layer.stride * pixel
    p.sourceRowStep = layer.stride * b.source.row
    p.runCount = b.firstHalfOnly ? runs.count / 2 : runs.count
    p.side = side
    p.weightRows = packed.weightRows
    p.blockVectors = packed.blockVectors
    parameters = Table([p])
    // Enough tasks for any number of threads, few enough that weights stay in cache within one.
    rowsPerTask = max(1, side / 8)
    parts = (side + rowsPerTask - 1) / rowsPerTask
    super.init(
      layer.name, algorithm: packed.algorithm.name, flops: layer.flops * Double(b.images),
      multiplications: countMultiplications(packed, b),
      weightBytes: b.firstHalfOnly ? packed.bytes / 2 : packed.bytes, when: condition)
  }

  override func execute(_ state: RunState) { parallel(packed.columnBlocks * images * parts, state) }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    let block = index / (images * parts), rest = index % (images * parts)
    let y0 = rest % parts * rowsPerTask
    state.kernels.direct(
      UnsafePointer(parameters.pointer), block, rest / parts, y0, min(y0 + rowsPerTask, packed.layer.outputSide),
      state.workspace.scratch(worker))
  }
}
