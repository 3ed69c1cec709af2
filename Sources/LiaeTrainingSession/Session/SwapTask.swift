// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeImageIO
import LiaeSamples
import LiaeSystem
import LiaeTensor
import LiaeTrain

/// Trains a face-swap model.
final class SwapTask: TrainingTask {
  private let trainer: Trainer
  private let settings: TrainingSettings
  private let loader: DataLoader
  private var phase: TrainingPhase?
  private var shown: (source: FaceBatch, destination: FaceBatch)?

  init(_ trainer: Trainer, _ settings: TrainingSettings, _ loader: DataLoader) {
    (self.trainer, self.settings, self.loader) = (trainer, settings, loader)
  }

  var iteration: Int { trainer.iteration }
  var peers: (any TrainingPeers)? { trainer.peers }
  var isCancelled: () -> Bool {
    get { trainer.isCancelled }
    set { trainer.isCancelled = newValue }
  }

  func enterPhase(attempt: Int, reloads: Bool) throws(LiaeError) -> Bool {
    let next = settings.phase(at: iteration, attempt: attempt)
    if next == phase && !reloads { return false }
    if !loader.serves(next) || reloads {
      try loader.seek(next, batchSize: settings.batchSize, iteration: iteration)
    }
    trainer.options = next.options
    phase = next
    return true
  }

  func iterate(isCancelled: () -> Bool) throws(LiaeError) -> IterationLosses {
    let faces = try loader.next(isCancelled: isCancelled)
    let report = try trainer.iterate(source: faces.source, destination: faces.destination)
    return IterationLosses(source: report.sourceLoss, destination: report.destinationLoss, isFinite: report.isFinite)
  }

  var stateTensors: [TensorSource] { trainer.stateTensors }
  var stateIntegers: [(name: String, value: UInt64)] { trainer.stateIntegers }
  func restore(_ state: TrainingState) throws(LiaeError) { try trainer.restore(state) }
  func newlySkipped() -> [(path: String, faces: [SkippedFace])] { loader.newlySkipped() }

  func sampleSheet() throws(LiaeError) -> Picture {
    let faces: (source: FaceBatch, destination: FaceBatch)
    if let shown { faces = shown } else { faces = try loader.previewBatches(settings, isCancelled: isCancelled) }
    shown = faces
    let preview = try trainer.preview(source: faces.source, destination: faces.destination)
    return try SampleSheet.picture(source: faces.source, destination: faces.destination, preview: preview)
  }
}
