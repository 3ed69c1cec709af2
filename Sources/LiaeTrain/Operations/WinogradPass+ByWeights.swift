// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeKernels
import LiaeSystem

extension WinogradPass {
  /// Floats of V and M together of the tiles that are worked on at once.
  private static let cachedFloats = 3 << 20

  /// The derivative by the weights, set or added; that of the activation is taken first, so that `dy` is then the
  /// derivative by the sum.
  ///
  /// - Parameter bias: sums over pixels are added, in the order of `vectors`, each padded to W.
  /// - Throws: `outOfMemory`, `cancelled`.
  func runBack(
    _ engine: Engine, x: UnsafeMutablePointer<Float>, y: UnsafePointer<Float>, dy: UnsafeMutablePointer<Float>,
    slope: Float, gradient: UnsafeMutablePointer<Float>, isAdding: Bool, bias: UnsafeMutablePointer<Float>
  ) throws(LiaeError) {
    let kernels = engine.kernels, all = points * points, n = blockVectors * width
    let inputs = inputBlocks * width, outputs = columnBlocks * n
    // U is read and written again for each chunk, so that where it is large a chunk has as many floats.
    let most = max(64, Self.cachedFloats / (all * (inputs + outputs)), inputs * outputs / (inputs + outputs) * 2)
    let chunks = (tiles.count + most - 1) / most, chunk = (tiles.count + chunks - 1) / chunks
    let inputPlane = inputs * chunk + width, productPlane = chunk * n + width
    let v = try engine.buffers.take(all * inputPlane + 4 * width)
    let m = try engine.buffers.take(columnBlocks * all * productPlane + 4 * width)

    // Tasks of the products: some channels of one phase by some column blocks, as many as leave two for each worker. What
    // a task reads of V and M grows with its sides, what it multiplies with their product. Sums do not depend on it.
    var (rows, blocks) = (min(128, roundUp(phaseChannels, width)), min(2, columnBlocks))
    func tasks() -> Int {
      source.phases * ((phaseChannels + rows - 1) / rows) * ((columnBlocks + blocks - 1) / blocks)
    }
    while tasks() < 2 * engine.workers, rows > width || blocks > 1 {
      if rows > blocks * n || blocks == 1 { rows = max(width, roundUp(rows / 2, width)) } else { blocks = 1 }
    }
    let perPhase = (phaseChannels + rows - 1) / rows, across = (columnBlocks + blocks - 1) / blocks
    let slab = all * rows * n, count = tasks()
    let u = try engine.buffers.take((chunks > 1 ? count : engine.workers) * blocks * slab)
    let parts = WinogradRun.parts(chunk)
    let sums = try engine.buffers.take(parts * outputs)
    defer { for buffer in [v, m, u, sums] { engine.buffers.give(back: buffer) } }
    sums.floats.update(repeating: 0, count: parts * outputs)

    var p = parameters(x: x, y: dy, bias: y, residual: nil, slope: slope, weights: y)
    (p.inputRows, p.inputPlane, p.productPlane) = (chunk, inputPlane, productPlane)
    let parameters = p, taps = taps(y), (taskRows, taskBlocks) = (rows, blocks)
    for index in 0..<chunks {
      try engine.checkCancelled()
      let first = index * chunk, end = min(tiles.count, first + chunk)
      engine.parallel((inputBlocks + columnBlocks) * parts) { task, worker in
        let part = task / (inputBlocks + columnBlocks), block = task % (inputBlocks + columnBlocks)
        let share = WinogradRun.part(part, of: parts, first..<end), (from, to) = (share.lowerBound, share.upperBound)
        if from >= to { return }
        withUnsafePointer(to: parameters) { p in
          if block < inputBlocks {
            kernels.winogradInput(p, block, from, to, v.floats + (from - first) * width, engine.scratch(worker))
          } else {
            let block = block - inputBlocks
            kernels.winogradOutputBack(
              p, block, from, to, y, slope, sums.floats + part * outputs + block * n,
              m.floats + block * all * productPlane + (from - first) * n, engine.scratch(worker))
          }
        }
      }
      engine.parallel(count) { task, worker in
        let group = task / across, phase = group / perPhase, from = group % perPhase * taskRows
        let rows = min(taskRows, phaseChannels - from)
        for i in 0..<taskBlocks {
          let block = task % across * taskBlocks + i
          if block >= columnBlocks { break }
          let slabs = u.floats + ((chunks > 1 ? task : worker) * taskBlocks + i) * slab
          withUnsafePointer(to: parameters) {
            kernels.winogradProductBack(
              $0, phase * phaseChannels + from, rows, end - first, v.floats,
              m.floats + block * all * productPlane, slabs, taskRows * n, index > 0)
          }
          guard index == chunks - 1 else { continue }
          withUnsafePointer(to: taps) {
            kernels.trainedWeightsBack(
              $0, phase, block, from, min(rows, source.channels - from), slabs, taskRows * n, gradient, isAdding,
              engine.scratch(worker))
          }
        }
      }
    }
    for part in 0..<parts { kernels.addScaled(sums.floats + part * outputs, 1, bias, outputs) }
  }
}
