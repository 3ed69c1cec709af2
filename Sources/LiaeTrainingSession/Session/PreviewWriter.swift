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

  /// - Throws: where a picture cannot be drawn or written.
  func write(_ trainer: Trainer, _ history: LossHistory, _ loader: DataLoader) throws(LiaeError) {
    let plot = LossPlot(title: "\(folder.name)  iteration \(trainer.iteration)", history: history)
    try plot.picture().writePNG(to: folder.losses, provenance: nil, replacing: true)

    if faces == nil { faces = try loader.previewBatches(settings) }
    guard let (source, destination) = faces else { return }
    let preview = try trainer.preview(source: source, destination: destination)
    let sheet = try SampleSheet.picture(source: source, destination: destination, preview: preview)
    // Photographs stand beside what a model made of them.
    let file = try sheet.encodedPNG(provenance: .composite)
    try File.writeAtomically(folder.samples, replacing: true, file)
    guard settings.writesPreviewHistory else { return }
    try File.makeFolder(folder.history)
    let number = String(trainer.iteration)
    let name = String(repeating: "0", count: max(0, 9 - number.count)) + number
    try File.writeAtomically("\(folder.history)/\(name).png", replacing: true, file)
  }
}
