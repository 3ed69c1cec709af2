// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeConvolution
import LiaeKernels
import LiaeSystem

/// A convolution by Winograd: the regions of a `WinogradRun`, for each pass over some of the images.
final class WinogradStep: Step {
  private let winograd: PackedWinograd
  private let head: MaskHeadWeights?
  /// The arguments of the kernels, for each pass.
  private let parameters: Table<WinogradParameters>
  private let passes: Int
  private var pass = 0
  /// True while the first of the two regions is run.
  private var isPreparing = false
  package override var scratch: ScratchSize { ScratchSize(winograd.run) }

  init(_ packed: PackedConvolution, _ b: ConvolutionBinding, _ winograd: PackedWinograd, part: String) {
    (self.winograd, head) = (winograd, b.head)
    let parameters = winograd.parameters(b)
    (self.parameters, passes) = (Table(parameters), parameters.count)
    super.init(
      packed.layer.name, algorithm: packed.algorithm.name, flops: b.flops(packed),
      multiplications: b.multiplications(packed), weightBytes: b.weightBytes(packed), part: part)
  }

  override func execute(_ state: RunState) {
    head?.load()
    let tasks = winograd.run.preparingTasks
    for pass in 0..<passes {
      self.pass = pass
      if tasks > 0 {
        isPreparing = true
        parallel(tasks, state)
        isPreparing = false
      }
      parallel(winograd.run.multiplyingTasks, state)
    }
  }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    let workspace = state.workspace, run = winograd.run, isShared = run.scheme.isShared
    let memory = WinogradRun.Memory(
      v: isShared ? workspace.shared : workspace.input(worker),
      u: isShared ? workspace.weights(worker) : workspace.shared,
      m: workspace.product(worker), scratch: workspace.scratch(worker))
    if isPreparing {
      run.prepare(index, UnsafePointer(parameters.pointer + pass), winograd.weights, memory)
    } else {
      run.multiply(index, UnsafePointer(parameters.pointer + pass), winograd.weights, memory)
    }
  }
}

extension ScratchSize {
  init(_ run: WinogradRun) {
    let isShared = run.scheme.isShared
    self.init(
      shared: isShared ? run.inputFloats : run.weightFloats, input: isShared ? 0 : run.inputFloats,
      product: run.productFloats, weights: isShared ? run.weightFloats : 0)
  }
}
