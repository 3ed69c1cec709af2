// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import ArgumentParser
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

  enum Target: String, CaseIterable, ExpressibleByArgument { case safetensors, deepfacelab, dfm, torch }
  enum WeightType: String, CaseIterable, ExpressibleByArgument { case float32, float16, bfloat16 }

  @Argument(help: .init("Checkpoint: a file, or a DeepFaceLab model folder.", valueName: "in"))
  var input: String

  @Argument(help: .init("File or folder to write.", valueName: "out"))
  var output: String

  @OptionGroup var checkpoint: CheckpointArguments

  @Option(help: "Format to write, where the name of OUT does not say it.")
  var to: Target?

  @Option(help: "Type of the weights in safetensors. (default: float32)")
  var type: WeightType?

  @Option(
    help: .init(
      "Name of a DeepFaceLab model, without _: the files are NAME_SAEHD_encoder.npy and so on.", valueName: "name"))
  var name = "model"

  @Flag(help: "Replace what exists already.")
  var force = false

  func validate() throws {
    try requirePath(output, "OUT")
    if type != nil, target != .safetensors { throw ValidationError("--type is for safetensors only") }
    guard !name.isEmpty, !name.contains("/") else {
      throw ValidationError("--name is \"\(name)\"; expected a file name")
    }
  }

  func run() throws {
    Interruption.watch()
    let model = try checkpoint.open(input)
    try Interruption.check()
    try ModelWriter.write(model, to: output, as: format, replacing: force)
    for note in model.info.notes { Console.complain("\(input): \(note)") }
    for remark in ModelWriter.remarks(on: model, as: format) { Console.complain("\(output): \(remark)") }
  }

  private var target: Target {
    if let to { return to }
    let endings: [(String, Target)] = [
      (".safetensors", .safetensors), (".dfm", .dfm), (".onnx", .dfm), (".pt", .torch), (".pth", .torch),
    ]
    return endings.first { output.lowercased().hasSuffix($0.0) }?.1 ?? .deepfacelab
  }

  private var format: ModelWriter.Format {
    switch target {
    case .safetensors:
      switch type ?? .float32 {
      case .float32: return .safetensors(.float32)
      case .float16: return .safetensors(.float16)
      case .bfloat16: return .safetensors(.bfloat16)
      }
    case .deepfacelab: return .deepFaceLab(modelName: name)
    case .dfm: return .dfm
    case .torch: return .torch
    }
  }
}
