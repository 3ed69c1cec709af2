// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

extension Context {
  private struct PeakJob {
    let kernels: KernelTable
    let workspace: Workspace
    /// Least nanoseconds of a task, for each worker.
    let least: UnsafeMutablePointer<Int>
    /// Some tenths of a millisecond: short enough to fall between interruptions.
    let rounds = 50_000

    func run(_ worker: Int) {
      let scratch = workspace.scratch(worker)
      // What a run has left there would grow into infinities.
      scratch.update(repeating: 0, count: (peakVectors + 1) * kernels.width)
      let start = monotonicNanoseconds()
      kernels.peak(rounds, scratch)
      least[worker] = min(least[worker], monotonicNanoseconds() - start)
    }
  }

  /// Multiplications (and additions) a second of all threads together in registers alone: what each does in its
  /// quickest task while the others work too. Takes some 100 ms.
  ///
  /// - Throws: `busy`.
  package func measurePeak() throws(LiaeError) -> Double {
    try withThreads { pool in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: threads) { least in
        guard let base = least.baseAddress else { return 0 }
        least.initialize(repeating: .max)
        var job = PeakJob(kernels: plan.kernels, workspace: workspace, least: base)
        withUnsafeMutablePointer(to: &job) { job in
          pool.run(500 * threads, UnsafeMutableRawPointer(job)) { raw, _, worker in
            raw.assumingMemoryBound(to: PeakJob.self).pointee.run(worker)
          }
        }
        let multiplications = Double(job.rounds * peakVectors * plan.kernels.width)
        return least.reduce(0) { $0 + ($1 < .max ? multiplications / Double(max(1, $1)) * 1e9 : 0) }
      }
    }
  }
}
