// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeSystem

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Converts a checkpoint, runs rendered faces and frames through it and lays the results out on sheets.",
    discussion: """
      Writes into the output folder: model.safetensors; faces/face-N.png, rendered faces of nobody; \
      results/face-N.rgb.png, .mask.png and .dst_mask.png; and sheet.png, a row for each face: input, rgb, mask, \
      mask of the destination face. Then frames/, rendered too, with their landmarks.jsonl; what merge makes of them, \
      merged/ and merged_mask/; truth/, the same frames with the source person rendered in place of the destination; \
      frames.png, a row for each: frame, merged, true swap, mask. And modes.png, every mask mode, its mask, every \
      colour transfer and blend on one frame, with a rendered face in place of a model's.
      """)

  @Option(name: .shortAndLong, help: .init("Checkpoint: a DeepFaceLab model folder, or a file.", valueName: "path"))
  var model: String

  @OptionGroup var checkpoint: CheckpointArguments

  @Option(name: .shortAndLong, help: .init("Folder for all of it; made where it is missing.", valueName: "folder"))
  var output: String

  @Option(help: .init("Faces to render.", valueName: "n"))
  var faces = 6

  @OptionGroup var compute: ComputeArguments

  @Flag(help: "Replace files that exist already.")
  var force = false

  func validate() throws {
    try requirePath(output, "--output")
    guard (1...100).contains(faces) else { throw ValidationError("--faces is \(faces); expected 1 to 100") }
  }

  func run() throws {
    let demo = try Demo(folder: output, faces: faces, replacing: force)
    try demo.run(checkpoint: model, arguments: checkpoint, compute: compute)
    if File.kind(demo.modelPath) != nil { Console.say("model    \(demo.modelPath)") }
    Console.say("faces    \(demo.facesFolder)/")
    Console.say("results  \(demo.resultsFolder)/")
    Console.say("sheet    \(demo.sheetPath)")
    Console.say("frames   \(demo.frames.framesFolder)/, \(demo.frames.landmarksPath)")
    Console.say("truth    \(demo.frames.truthFolder)/")
    Console.say("merged   \(demo.frames.mergedFolder)/, \(demo.frames.masksFolder)/")
    Console.say("sheets   \(demo.frames.sheetPath), \(demo.frames.modesPath)")
  }
}
