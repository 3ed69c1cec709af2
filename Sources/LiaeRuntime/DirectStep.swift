// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeConvolution
import LiaeKernels
import LiaeSystem

/// A convolution by its plain sum. A task is some rows of one image for one block of output channels.
final class DirectStep: Step {
  private let packed: PackedConvolution
  private let direct: PackedDirect
  private let parameters: Table<DirectParameters>
  private let images, rowsPerTask, parts: Int

  init(_ packed: PackedConvolution, _ b: ConvolutionBinding, _ direct: PackedDirect, part: String) {
    (self.packed, self.direct, images) = (packed, direct, b.images)
    parameters = Table([direct.parameters(b)])
    // Enough tasks for any number of threads, few enough that weights stay in cache within one.
    let side = packed.layer.outputSide
    rowsPerTask = max(1, side / 8)
    parts = (side + rowsPerTask - 1) / rowsPerTask
    super.init(
      packed.layer.name, algorithm: packed.algorithm.name, flops: packed.layer.flops * Double(b.images),
      multiplications: b.multiplications(packed), weightBytes: b.weightBytes(packed), part: part)
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
