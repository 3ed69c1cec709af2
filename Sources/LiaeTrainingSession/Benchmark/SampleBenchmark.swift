// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The time that samples of a faceset take.
package struct SampleBenchmark {
  package private(set) var samplesPerSecond = 0.0
  /// Milliseconds of processor time, all threads together.
  package private(set) var millisecondsPerSample = 0.0

  /// Makes batches and times them.
  ///
  /// - Parameters:
  ///   - count: batches, 1 or more.
  ///   - next: makes a batch, and does what is to be timed with it; returns the number of its samples.
  /// - Throws: what `next` throws.
  package init(count: Int, next: () throws(LiaeError) -> Int) throws(LiaeError) {
    let (start, startOfWork) = (monotonicNanoseconds(), processorNanoseconds())
    var samples = 0.0
    for _ in 0..<count { samples += Double(try next()) }
    let (time, work) = (monotonicNanoseconds() - start, processorNanoseconds() - startOfWork)
    samplesPerSecond = samples / Double(max(1, time)) * 1e9
    millisecondsPerSample = Double(work) / max(1, samples) / 1e6
  }
}
