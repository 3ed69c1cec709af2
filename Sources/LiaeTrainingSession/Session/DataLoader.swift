// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
import LiaeSystem

/// Loads the batches of both sides, iteration after iteration. The batch of an iteration is the same wherever training
/// begins.
package final class DataLoader {
  private let source, destination: FacesetSource
  private let workers: Int
  private let share: (index: Int, count: Int)
  private var current: (source: SampleGenerator, destination: SampleGenerator)?
  private var options: (source: SampleOptions, destination: SampleOptions)?
  /// The number of faces of each faceset that have been reported as skipped, by its path.
  private var reported: [String: Int] = [:]

  /// - Parameters:
  ///   - workers: threads that prepare samples, of both sides together.
  ///   - share: which of `count` equal parts of each batch this process loads.
  package init(
    source: FacesetSource, destination: FacesetSource, workers: Int, share: (index: Int, count: Int) = (0, 1)
  ) {
    (self.source, self.destination, self.workers, self.share) = (source, destination, workers, share)
  }

  /// Continues at an iteration, with the sample options of `phase`.
  ///
  /// - Throws: `invalidArgument` where no face shows what the model asks for; `threadFailure`.
  package func seek(_ phase: TrainingPhase, batchSize: Int, iteration: Int) throws(LiaeError) {
    let threads = max(1, workers / 2)
    // The threads of the old generators end first.
    (current, options) = (nil, nil)
    current = (
      try SampleGenerator(
        source: source, colorReference: destination, options: phase.source, batchSize: batchSize, workers: threads,
        firstBatch: iteration, share: share),
      try SampleGenerator(
        source: destination, colorReference: source, options: phase.destination, batchSize: batchSize,
        workers: threads, firstBatch: iteration, share: share)
    )
    options = (phase.source, phase.destination)
  }

  /// Tells whether the sample options of `phase` are those of the last `seek`.
  package func serves(_ phase: TrainingPhase) -> Bool {
    options?.source == phase.source && options?.destination == phase.destination
  }

  /// The batches of the next iteration.
  ///
  /// - Parameter isCancelled: is asked while they are waited for. After `cancelled`, `seek` comes before the next call.
  /// - Throws: what `SampleGenerator.next` throws; `internalError` before the first `seek`.
  package func next(
    isCancelled: () -> Bool = { false }
  ) throws(LiaeError) -> (source: FaceBatch, destination: FaceBatch) {
    guard let current else { throw LiaeError(.internalError, "a batch is asked for before the first seek") }
    return (try current.source.next(isCancelled: isCancelled), try current.destination.next(isCancelled: isCancelled))
  }

  /// Faces that turned out to be of no use since the last call, by the path of their faceset.
  package func newlySkipped() -> [(path: String, faces: [SkippedFace])] {
    var result: [(path: String, faces: [SkippedFace])] = []
    for faceset in source === destination ? [source] : [source, destination] {
      let skipped = faceset.skipped
      let new = skipped.dropFirst(reported[faceset.path] ?? 0)
      reported[faceset.path] = skipped.count
      if !new.isEmpty { result.append((faceset.path, Array(new))) }
    }
    return result
  }

  /// A few faces of each side without augmentation, the same at each call.
  ///
  /// - Throws: what `SampleGenerator` throws.
  package func previewBatches(
    _ settings: TrainingSettings, isCancelled: () -> Bool = { false }
  ) throws(LiaeError) -> (FaceBatch, FaceBatch) {
    let phase = settings.phase(at: 0, attempt: 0)
    func batch(_ faces: FacesetSource, _ options: SampleOptions) throws(LiaeError) -> FaceBatch {
      try SampleGenerator(
        source: faces, colorReference: nil, options: settings.previewSamples(options),
        batchSize: settings.session.previewFaces, workers: 1, firstBatch: 0
      ).next(isCancelled: isCancelled)
    }
    return (try batch(source, phase.source), try batch(destination, phase.destination))
  }
}
