// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The batches of a training of XSeg, made ahead by threads.
///
/// Batch number i is a function of the faces, the options and i, as those of `SampleGenerator`.
package final class SegmentationGenerator: Sendable {
  private let shared: BatchWorkers<SegmentationSupply>

  /// - Parameters:
  ///   - source: faces of all folders; those with polygons count, or, if there is none, those with a mask.
  ///   - batchSize: 1...4096.
  ///   - workers: threads; each makes a whole batch at a time.
  ///   - firstBatch: the number of the batch that comes first.
  /// - Throws: `invalidArgument` for numbers out of their range, and where no face has a label; `threadFailure`.
  package init(
    source: FacesetSource, options: SegmentationSampleOptions, batchSize: Int, workers: Int = 1, firstBatch: Int = 0
  ) throws(LiaeError) {
    guard (64...1024).contains(options.resolution), options.resolution % 64 == 0 else {
      throw LiaeError(
        .invalidArgument, "samples of \(options.resolution) pixels; a multiple of 64 in 64...1024 is possible")
    }
    try checkBatches(size: batchSize, first: firstBatch)
    let supply = try SegmentationSupply(source, options, batchSize: batchSize)
    shared = BatchWorkers(supply, workers: max(1, workers), firstBatch: firstBatch, share: (0, 1))
    try shared.start()
  }

  deinit { shared.stop() }

  /// The next batch, in order. One caller at a time.
  ///
  /// - Parameter isCancelled: is asked while the batch is waited for; the batch comes next all the same.
  /// - Throws: as `SampleGenerator.next`.
  package func next(isCancelled: () -> Bool = { false }) throws(LiaeError) -> SegmentationBatch {
    try shared.next(isCancelled: isCancelled).get()
  }
}
