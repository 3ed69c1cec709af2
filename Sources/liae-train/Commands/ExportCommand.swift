// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeConvert
import LiaeSystem
import LiaeTrainingSession

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a trained model for use elsewhere.",
    discussion: """
      MODEL is the folder of a model, or one of its files: the state, or a backup. The name of OUT says the format:
        NAME.safetensors  the frozen form, with --type float32, float16 or bfloat16
        NAME.dfm, .onnx   for DeepFaceLive and FaceFusion, --type float32 or float16
        NAME.pt, .pth     state dicts of the PyTorch port
        FOLDER            a DeepFaceLab model, which can be trained on there: any other name, or --to deepfacelab
      """)

  @Argument(help: .init("Folder of the model, or its state or a backup.", valueName: "model"))
  var model: String

  @Argument(help: .init("File or folder to write.", valueName: "out"))
  var output: String

  @OptionGroup var target: CheckpointTarget

  @Flag(help: "Replace what exists already.")
  var force = false

  func validate() throws {
    try requirePath(model, "MODEL")
    try requirePath(output, "OUT")
    try target.check(output)
  }

  func run() throws { try interruptible(export) }

  private func export() throws {
    let path = try ModelFolder.state(in: model) ?? model
    guard File.kind(path) != .folder else {
      throw Failure(.files, "\(model): holds no model that liae-train has saved")
    }
    let (trained, training) = try asModel { () throws(LiaeError) in
      let state = try TrainingState(path: path)
      return (try state.trainedModel(), try state.deepFaceLabTraining())
    }
    let format = target.format(output)
    try ModelWriter.write(trained, to: output, as: format, training: training, replacing: force)
    for remark in try ModelWriter.remarks(on: trained, as: format) { Console.complain("\(output): \(remark)") }
  }
}
