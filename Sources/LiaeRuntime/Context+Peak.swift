// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeSystem

extension Context {
  /// `KernelTable.measurePeak` on the threads of the context.
  ///
  /// - Throws: `busy`, `outOfMemory`.
  package func measurePeak() throws(LiaeError) -> Double {
    try withThreads { (pool) throws(LiaeError) in try plan.kernels.measurePeak(pool) }
  }

  /// `MemoryBandwidth.measure` on the threads of the context.
  ///
  /// - Throws: `busy`, `outOfMemory`.
  package func measureBandwidth() throws(LiaeError) -> Double {
    try withThreads { (pool) throws(LiaeError) in try MemoryBandwidth.measure(pool) }
  }
}
