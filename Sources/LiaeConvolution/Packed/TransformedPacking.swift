// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernels
import LiaeSystem
import LiaeTensor

/// Packs the transformed weights U of a layer, a column block at a time: by the kernel that makes U of stored taps in a
/// run, so that both give the same bits.
struct TransformedPacking {
  let layout: TapLayout
  let factors: UnsafePointer<Float>
  let pieces: WinogradPieces
  let kernels: KernelTable
  /// Floats of a column block of U.
  let blockFloats: Int

  private struct Job {
    let packing: TransformedPacking
    let taps: TapPacking
    /// Taps of a column block and the kernel's scratch, for each worker.
    let memory: UnsafeMutableRawPointer
    let tapBytes, workerBytes: Int
    let packed: UnsafeMutablePointer<Float>

    func run(_ block: Int, _ worker: Int) {
      let own = memory + worker * workerBytes, u = packed + block * packing.blockFloats
      own.initializeMemory(as: UInt8.self, repeating: 0, count: tapBytes)
      taps.pack(block: block, at: 0, into: own)
      var parameters = packing.layout.parameters(taps: UnsafeRawPointer(own), factors: packing.factors)
      let scratch = (own + tapBytes).assumingMemoryBound(to: Float.self)
      for (piece, range) in packing.pieces.ranges.enumerated() {
        packing.kernels.winogradWeights(
          &parameters, 0, range.lowerBound, range.count, packing.pieces.offsets(piece), u, scratch)
      }
    }
  }

  /// - Parameters:
  ///   - weights: (out, in, k, k).
  ///   - output: for each packed output channel the channel that it is, or -1.
  ///   - packed: zeros.
  /// - Throws: `outOfMemory`.
  func pack(
    _ weights: TensorView, output: [Int32], blocks: Int, pool: ThreadPool, into packed: UnsafeMutablePointer<Float>
  ) throws(LiaeError) {
    let source = try weights.alignedFloats()
    // The job holds bare pointers into `source` and `memory`.
    defer { withExtendedLifetime(source) {} }
    guard let tapBytes = layout.bytes(blocks: 1),
      let workerBytes = CheckedSize.sum([tapBytes, 4 * scratchFloats(width: kernels.width), 4096]),
      let size = CheckedSize.product(roundUp(workerBytes, 64), pool.workers)
    else { throw LiaeError(.outOfMemory, "out of memory: the taps of a layer that is packed") }
    let memory = try Bytes.allocate(size, for: "the taps of a layer that is packed")
    defer { withExtendedLifetime(memory) {} }
    var job = Job(
      packing: self, taps: layout.packing(source.base, output: output, of: memory.base), memory: memory.base,
      tapBytes: roundUp(tapBytes, 64), workerBytes: roundUp(workerBytes, 64), packed: packed)
    withUnsafeMutablePointer(to: &job) { job in
      pool.run(blocks, UnsafeMutableRawPointer(job)) { raw, block, worker in
        raw.assumingMemoryBound(to: Job.self).pointee.run(block, worker)
      }
    }
  }
}
