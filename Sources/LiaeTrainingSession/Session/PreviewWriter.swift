// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSamples
import LiaeSystem
import LiaeTensor
import LiaeTrain

/// Writes the pictures that show how training goes: what the network makes of some faces, and the losses.
final class PreviewWriter {
  private let folder: ModelFolder
  private let settings: TrainingSettings
  private var faces: (source: FaceBatch, destination: FaceBatch)?

  init(folder: ModelFolder, settings: TrainingSettings) { (self.folder, self.settings) = (folder, settings) }

  /// - Throws: where a picture cannot be drawn or written; `cancelled` where the trainer is asked to stop.
  func write(_ trainer: Trainer, _ history: LossHistory, _ loader: DataLoader) throws(LiaeError) {
    let plot = LossPlot(title: "\(folder.name)  iteration \(trainer.iteration)", history: history)
    try plot.picture().writePNG(to: folder.losses, provenance: nil, replacing: true)

    if faces == nil { faces = try loader.previewBatches(settings, isCancelled: trainer.isCancelled) }
    guard let (source, destination) = faces else { return }
    let preview = try trainer.preview(source: source, destination: destination)
    let sheet = try SampleSheet.picture(source: source, destination: destination, preview: preview)
    // Photographs stand beside what a model made of them.
    let file = try sheet.encodedPNG(provenance: .composite)
    try File.writeAtomically(folder.samples, replacing: true, file)
    guard settings.writesPreviewHistory else { return }
    try File.makeFolder(folder.history)
    let path = "\(folder.history)/\(folder.preview(of: trainer.iteration))"
    try File.writeAtomically(path, replacing: true, file)
  }
}
