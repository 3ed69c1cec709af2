// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// Writes the pictures that show how training goes: what the network makes of some faces, and the losses.
struct PreviewWriter {
  private let folder: ModelFolder
  /// True if every sheet of samples is kept.
  private let keepsHistory: Bool

  init(folder: ModelFolder, keepsHistory: Bool) { (self.folder, self.keepsHistory) = (folder, keepsHistory) }

  /// - Throws: where a picture cannot be drawn or written; `cancelled` where the task is asked to stop.
  func write(_ task: any TrainingTask, _ history: LossHistory) throws(LiaeError) {
    let plot = LossPlot(title: "\(folder.name)  iteration \(task.iteration)", history: history)
    try plot.picture().writePNG(to: folder.losses, provenance: nil, replacing: true)
    // Photographs stand beside what a model made of them.
    let file = try task.sampleSheet().encodedPNG(provenance: .composite)
    try File.writeAtomically(folder.samples, replacing: true, file)
    guard keepsHistory else { return }
    try File.makeFolder(folder.history)
    let path = "\(folder.history)/\(folder.preview(of: task.iteration))"
    try File.writeAtomically(path, replacing: true, file)
  }
}
