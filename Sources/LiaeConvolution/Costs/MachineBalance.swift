// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// The balance of a machine: how many multiplications all threads do in the time in which they read one byte of memory
/// (McCalpin, "Memory Bandwidth and Machine Balance", 1995). Two cores of a server have 3 to 5, eight cores of a desktop
/// processor with two memory channels 15 and more.
package enum MachineBalance {
  /// Measures the balance with the threads of a pool, within some 50 ms.
  ///
  /// - Throws: `outOfMemory`.
  package static func measure(_ kernels: KernelTable, _ pool: ThreadPool) throws(LiaeError) -> Double {
    let peak = try kernels.measurePeak(pool, tasks: 20)
    return of(peak: peak, bandwidth: try MemoryBandwidth.measure(pool, rounds: 2))
  }

  /// Returns the balance of multiplications and of bytes a second.
  package static func of(peak: Double, bandwidth: Double) -> Double { peak / max(1, bandwidth) }
}
