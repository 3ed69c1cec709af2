// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// The state that steps have at hand while they run.
package struct RunState {
  let kernels: KernelTable
  let pool: ThreadPool
  var workspace: Workspace
  /// 0...1, for lerp and channel mix.
  let morph: Float

  package init(kernels: KernelTable, pool: ThreadPool, workspace: Workspace, morph: Float = 0) {
    (self.kernels, self.pool, self.workspace, self.morph) = (kernels, pool, workspace, morph)
  }
}

/// One step of a run: a parallel region, or a few. Everything it needs is laid out when the context is made; `run`
/// allocates nothing.
package class Step {
  let name: String
  let algorithm: String
  /// Multiplications and additions of the plain sum.
  let flops: Double
  /// Multiplications that the algorithm does.
  let multiplications: Double
  let weightBytes: Int
  /// Part of the network, as the graph names it.
  let part: String
  package var scratch: ScratchSize { ScratchSize() }
  /// The border that has to be cleared around the pixels that the step writes. Nothing of the step reads it.
  var border: Border?
  /// Scratch memory of the step's own, in place of the workspace's.
  var shared: UnsafeMutablePointer<Float>?
  private(set) var state: RunState?
  /// Tasks of the region that is running, and planes of border that its last tasks clear.
  private var tasks = 0
  private var planes = 0

  init(
    _ name: String, algorithm: String = "", flops: Double = 0, multiplications: Double = 0, weightBytes: Int = 0,
    part: String
  ) {
    (self.name, self.algorithm, self.part) = (name, algorithm, part)
    (self.flops, self.multiplications, self.weightBytes) = (flops, multiplications, weightBytes)
  }

  package final func run(_ state: RunState) {
    var state = state
    if let shared { state.workspace.shared = shared }
    self.state = state
    planes = border?.planes ?? 0
    execute(state)
    self.state = nil
  }

  /// Makes the Swift runtime create the metadata of the optional state, once a process, which the first run would else
  /// do.
  final func settle() { state = nil }

  func execute(_ state: RunState) {}
  /// One task of the region that `execute` opens with `parallel`.
  func task(_ index: Int, _ worker: Int, _ state: RunState) {}

  /// Runs `task` for each index in 0..<count on the pool; the step's first region clears the border too.
  final func parallel(_ count: Int, _ state: RunState) {
    tasks = count
    state.pool.run(count + planes, Unmanaged.passUnretained(self).toOpaque()) { raw, index, worker in
      let step = Unmanaged<Step>.fromOpaque(raw).takeUnretainedValue()
      if index >= step.tasks {
        step.border?.clear(plane: index - step.tasks)
      } else if let state = step.state {
        step.task(index, worker, state)
      }
    }
    planes = 0
  }
}
