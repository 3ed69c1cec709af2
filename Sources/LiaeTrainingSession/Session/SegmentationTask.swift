// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeImageIO
import LiaeSamples
import LiaeSystem
import LiaeTensor
import LiaeTrain

/// Trains an XSeg model.
package final class SegmentationTask: TrainingTask {
  private let trainer: SegmentationTrainer
  private let settings: SegmentationSettings
  private let faces: FacesetSource
  private var generator: SegmentationGenerator?
  private var shown: SegmentationBatch?
  /// The number of faces that have been reported as skipped.
  private var reported = 0

  package init(_ trainer: SegmentationTrainer, _ settings: SegmentationSettings, _ faces: FacesetSource) {
    (self.trainer, self.settings, self.faces) = (trainer, settings, faces)
  }

  package var iteration: Int { trainer.iteration }
  package var peers: (any TrainingPeers)? { nil }
  package var isCancelled: () -> Bool {
    get { trainer.isCancelled }
    set { trainer.isCancelled = newValue }
  }

  package func enterPhase(attempt: Int, reloads: Bool) throws(LiaeError) -> Bool {
    guard generator == nil || reloads else { return false }
    // The threads of the old generator end first.
    generator = nil
    generator = try SegmentationGenerator(
      source: faces, options: settings.samples(attempt: attempt), batchSize: settings.batchSize,
      workers: settings.session.generatorThreads, firstBatch: iteration)
    return true
  }

  package func iterate(isCancelled: () -> Bool) throws(LiaeError) -> IterationLosses {
    guard let generator else {
      throw LiaeError(.internalError, "a step is asked for before the first batch was prepared")
    }
    let report = try trainer.iterate(try generator.next(isCancelled: isCancelled))
    return IterationLosses(source: report.loss, destination: nil, isFinite: report.isFinite)
  }

  package var stateTensors: [TensorSource] { trainer.stateTensors }
  package var stateIntegers: [(name: String, value: UInt64)] { trainer.stateIntegers }
  package func restore(_ state: TrainingState) throws(LiaeError) { try trainer.restore(state) }

  package func newlySkipped() -> [(path: String, faces: [SkippedFace])] {
    let skipped = faces.skipped, new = Array(skipped.dropFirst(reported))
    reported = skipped.count
    return new.isEmpty ? [] : [(faces.path, new)]
  }

  package func sampleSheet() throws(LiaeError) -> Picture {
    let batch: SegmentationBatch
    if let shown {
      batch = shown
    } else {
      var options = settings.samples(attempt: 0)
      options.isAugmented = false
      batch = try SegmentationGenerator(
        source: faces, options: options, batchSize: settings.session.previewFaces
      ).next(isCancelled: isCancelled)
    }
    shown = batch
    return try SampleSheet.picture(batch, found: try trainer.masks(batch))
  }
}
