// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
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
  ///   - each: takes each batch; its time counts.
  /// - Throws: what making a batch and `each` throw.
  package init(
    _ generator: SampleGenerator, count: Int, each: (FaceBatch) throws(LiaeError) -> Void
  ) throws(LiaeError) {
    let (start, startOfWork) = (monotonicNanoseconds(), processorNanoseconds())
    var samples = 0.0
    for _ in 0..<count {
      let batch = try generator.next()
      samples += Double(batch.count)
      try each(batch)
    }
    let (time, work) = (monotonicNanoseconds() - start, processorNanoseconds() - startOfWork)
    samplesPerSecond = samples / Double(max(1, time)) * 1e9
    millisecondsPerSample = Double(work) / max(1, samples) / 1e6
  }
}
