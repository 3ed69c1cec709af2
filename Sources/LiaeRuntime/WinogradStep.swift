// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels
import LiaeSystem

/// A convolution by Winograd: transform, products, transform.
///
/// Private V: a task is a block of tiles, which it takes through all channels; no barrier, U comes from cache. Shared V:
/// all tiles are transformed first, then a task is a block of output channels; U is read once. Where weights are stored
/// as taps, `transform` makes U: for private V all of it first, for shared V within the task of a column block.
final class WinogradStep: Step {
  private let packed: PackedConvolution
  private let tiling: WinogradTiling
  private let parameters: Table<WinogradParameters>
  /// True in the region that makes V or U for all tiles, false in the one that multiplies.
  private var transforming = false
  package override var scratch: ScratchSize { tiling.scratch }

  init(_ packed: PackedConvolution, _ b: ConvolutionBinding, _ tiling: WinogradTiling, part: String) {
    (self.packed, self.tiling) = (packed, tiling)
    let layer = packed.layer
    var p = WinogradParameters(
      source: b.source, sourceOffsets: UnsafePointer(tiling.sourceOffsets.pointer),
      destination: destination(packed, b, tiling.offsets),
      tiles: UnsafePointer(tiling.tiles.pointer), weights: packed.weights, kLow: packed.kLow,
      kHigh: UnsafePointer(tiling.kHigh.pointer), weightOffset: packed.weightOffset)
    p.family = packed.family
    p.sourceStep = packed.phases == 4 ? 2 : 1
    p.kind1 = tiling.kinds[0]
    p.kind2 = p.kind1 + tiling.kinds[1]
    p.kind3 = p.kind2 + tiling.kinds[2]
    p.tileCount = tiling.tileCount
    p.inputRows = tiling.inputRows
    p.inputPlane = tiling.inputPlane
    p.productPlane = tiling.productPlane
    p.weightRows = packed.weightRows
    p.blockVectors = packed.blockVectors
    p.halfWidth = packed.width / 2
    parameters = Table([p])
    super.init(
      layer.name, algorithm: packed.algorithm.name, flops: layer.flops * Double(b.images),
      multiplications: countMultiplications(packed, b),
      weightBytes: b.readsHalf ? packed.bytes / 2 : packed.bytes, part: part)
  }

  override func execute(_ state: RunState) {
    if tiling.isShared {
      transforming = true
      parallel(tiling.inputBlocks, state)
      transforming = false
      parallel(packed.columnBlocks * (tiling.transform == nil ? tiling.rowBlocks : 1), state)
    } else {
      if let transform = tiling.transform {
        transforming = true
        parallel(transform.tasks, state)
        transforming = false
      }
      parallel(tiling.rowBlocks, state)
    }
  }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    let kernels = state.kernels, workspace = state.workspace
    let p = UnsafePointer(parameters.pointer)
    let scratch = workspace.scratch(worker), m = workspace.product(worker)
    if tiling.isShared {
      if transforming {
        kernels.winogradInput(p, index, 0, tiling.tileCount, workspace.shared, scratch)
        return
      }
      if let transform = tiling.transform {
        columnBlock(index, transform, p, workspace.weights(worker), m, scratch, state)
        return
      }
      let block = index / tiling.rowBlocks, from = index % tiling.rowBlocks * tiling.rowBlock
      let to = min(from + tiling.rowBlock, tiling.tileCount)
      kernels.winogradProduct(p, block, from, to, workspace.shared, 0, m)
      kernels.winogradOutput(p, block, from, to, m, scratch)
    } else {
      if transforming {
        tiling.transform?.task(index, kernels, workspace.shared, scratch)
        return
      }
      let from = index * tiling.rowBlock, to = min(from + tiling.rowBlock, tiling.tileCount)
      let v = workspace.input(worker)
      var local = parameters.pointer.pointee
      if tiling.transform != nil { local.weights = UnsafePointer(workspace.shared) }
      for block in 0..<tiling.inputBlocks { kernels.winogradInput(p, block, from, to, v, scratch) }
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
      kernels.winogradOutput(p, block, 0, tiling.tileCount, m, scratch)
      return
    }
    transform.make(block: block, kernels, u, scratch)
    var local = p.pointee
    local.weights = UnsafePointer(u)
    for from in stride(from: 0, to: tiling.tileCount, by: tiling.rowBlock) {
      let to = min(from + tiling.rowBlock, tiling.tileCount)
      kernels.winogradProduct(&local, 0, from, to, v, 0, m)
      kernels.winogradOutput(p, block, from, to, m, scratch)
    }
  }
}
