// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

extension KernelTable {
  private struct PeakJob {
    let kernels: KernelTable
    /// For each worker.
    let scratch: UnsafeMutablePointer<Float>
    let stride: Int
    /// Least nanoseconds of a task, for each worker.
    let least: UnsafeMutablePointer<Int>
    /// Some tenths of a millisecond: short enough to fall between interruptions.
    let rounds = 50_000

    func run(_ worker: Int) {
      let start = monotonicNanoseconds()
      kernels.peak(rounds, scratch + worker * stride)
      least[worker] = min(least[worker], monotonicNanoseconds() - start)
    }
  }

  /// Multiplications (and additions) a second of all threads together in registers alone: what each does in its
  /// quickest task while the others work too. Takes some 100 ms with 500 tasks for each thread.
  ///
  /// - Throws: `outOfMemory`.
  package func measurePeak(_ pool: ThreadPool, tasks: Int = 500) throws(LiaeError) -> Double {
    let stride = (peakVectors + 1) * width + 64, count = pool.workers
    let memory = try Bytes.allocate(count * stride * 4, for: "measuring the peak")
    defer { withExtendedLifetime(memory) {} }
    return withUnsafeTemporaryAllocation(of: Int.self, capacity: count) { least in
      guard let base = least.baseAddress else { return 0 }
      least.initialize(repeating: .max)
      var job = PeakJob(
        kernels: self, scratch: memory.base.assumingMemoryBound(to: Float.self), stride: stride, least: base)
      withUnsafeMutablePointer(to: &job) { job in
        pool.run(tasks * count, UnsafeMutableRawPointer(job)) { raw, _, worker in
          raw.assumingMemoryBound(to: PeakJob.self).pointee.run(worker)
        }
      }
      let multiplications = Double(job.rounds * peakVectors * width)
      return least.reduce(0) { $0 + ($1 < .max ? multiplications / Double(max(1, $1)) * 1e9 : 0) }
    }
  }
}
