// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeConvert
import LiaeSystem
import LiaeTensor

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Writes a checkpoint in another format.",
    discussion: """
      Reads safetensors, DeepFaceLab folders, .dfm/.onnx and .pt/.pth, and writes the format that the name of OUT says:
        NAME.safetensors  the frozen form, with --type float32, float16 or bfloat16
        NAME.dfm, .onnx   for DeepFaceLive and FaceFusion
        NAME.pt, .pth     state dicts of the PyTorch port
        FOLDER            a DeepFaceLab model: any other name, or --to deepfacelab
      """)

  @Argument(help: .init("Checkpoint: a file, or a DeepFaceLab model folder.", valueName: "in"))
  var input: String

  @Argument(help: .init("File or folder to write.", valueName: "out"))
  var output: String

  @OptionGroup var checkpoint: CheckpointArguments
  @OptionGroup var face: FaceTypeArguments

  @OptionGroup var target: CheckpointTarget

  @Flag(help: "Replace what exists already.")
  var force = false

  func validate() throws {
    try requirePath(output, "OUT")
    try target.check(output)
  }

  func run() throws { try interruptible(convert) }

  private func convert() throws {
    let model = try checkpoint.open(input, faceType: face.faceType)
    let format = target.format(output)
    try ModelWriter.write(model, to: output, as: format, replacing: force)
    for note in model.info.notes { Console.complain("\(input): \(note)") }
    for remark in try ModelWriter.remarks(on: model, as: format) { Console.complain("\(output): \(remark)") }
  }
}
