// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels
import LiaeSystem

/// The runs of scalars of a plain sum, and where its vectors of output channels go.
final class DirectTiling {
  let offsets: Table<Int>
  let runs: Table<Run>
  let runCount: Int

  init(_ packed: PackedConvolution, _ b: ConvolutionBinding) {
    let layer = packed.layer
    let pixel = layer.source == .picture ? layer.inputChannels : packed.width
    let runs = DirectRuns.visit(layer, packed.width).map { visit in
      Run(
        offset: (visit.kernelRow - layer.padding) * b.source.row + (visit.kernelColumn - layer.padding) * pixel
          + visit.block * b.source.plane,
        length: visit.length)
    }
    runCount = b.readsHalf ? runs.count / 2 : runs.count
    offsets = Table(targetOffsets(packed, b.target))
    self.runs = Table(runs)
  }
}

/// A convolution by its plain sum. A task is some rows of one image for one block of output channels.
final class DirectStep: Step {
  private let packed: PackedConvolution
  private let parameters: Table<DirectParameters>
  private let tiling: DirectTiling
  private let images, rowsPerTask, parts: Int

  init(_ packed: PackedConvolution, _ b: ConvolutionBinding, _ tiling: DirectTiling, part: String) {
    (self.packed, self.tiling, images) = (packed, tiling, b.images)
    let layer = packed.layer, side = layer.outputSide
    let pixel = layer.source == .picture ? layer.inputChannels : packed.width
    var p = DirectParameters(
      source: b.source, runs: UnsafePointer(tiling.runs.pointer), destination: destination(packed, b, tiling.offsets),
      weights: packed.weights)
    p.sourceStep = layer.stride * pixel
    p.sourceRowStep = layer.stride * b.source.row
    p.runCount = tiling.runCount
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
      weightBytes: b.readsHalf ? packed.bytes / 2 : packed.bytes, part: part)
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
