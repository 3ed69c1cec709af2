// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// The batches of one side of a training, made ahead by threads.
///
/// Batch number i is a function of the faces, the options and i: neither the number of threads nor what was asked for
/// before changes a bit of it, so that a training that goes on at batch i sees what it would have seen.
package final class SampleGenerator: Sendable {
  private let shared: BatchWorkers<BatchSupply>

  /// - Parameters:
  ///   - colorReference: the other side's faces, for `colorTransfer`; nil where that is none.
  ///   - batchSize: faces of a batch.
  ///   - workers: threads; each makes a whole batch at a time.
  ///   - firstBatch: the number of the batch that comes first.
  ///   - share: which of `count` equal parts of each batch this generator gives; `batchSize` is that of a part.
  /// - Throws: `invalidArgument` for options out of their range, and where no face shows what the model asks for;
  ///   `threadFailure`.
  package init(
    source: FacesetSource, colorReference: FacesetSource? = nil, options: SampleOptions, batchSize: Int,
    workers: Int = 1, firstBatch: Int = 0, share: (index: Int, count: Int) = (0, 1)
  ) throws(LiaeError) {
    try options.check()
    try checkBatches(size: batchSize, first: firstBatch)
    guard options.colorTransfer == .none || colorReference != nil else {
      throw LiaeError(
        .invalidArgument, "the colour transfer \(options.colorTransfer.rawValue) has no faces to take colours from")
    }
    let supply = try BatchSupply(source, colorReference, options, batchSize: batchSize)
    shared = BatchWorkers(supply, workers: max(1, workers), firstBatch: firstBatch, share: share)
    try shared.start()
  }

  deinit { shared.stop() }

  /// The next batch, in order. One caller at a time.
  ///
  /// - Parameter isCancelled: is asked while the batch is waited for; the batch comes next all the same.
  /// - Throws: `outOfMemory`; `corruptFile` and the like, with a face's name, where no face is left that can be read;
  ///   `cancelled`.
  package func next(isCancelled: () -> Bool = { false }) throws(LiaeError) -> FaceBatch {
    try shared.next(isCancelled: isCancelled).get()
  }
}
