// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaePack
import LiaeSystem

struct PackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Writes packed weights: a model that opens at once and is shared between processes.",
    discussion: """
      Examples:
        liae-infer pack me.safetensors me.liaepack
        liae-infer run --model me.liaepack --input faces/ --output out/
        liae-infer pack --check me.liaepack

      Packed weights are for one instruction set and one version of the library, larger than the checkpoint, and cannot \
      be turned back into it: keep it. run, merge, video and bench make them on their own with --packed.
      """)

  @Argument(help: .init("Checkpoint: a file, or a DeepFaceLab model folder.", valueName: "model"))
  var model: String

  @Argument(help: .init("File to write; with --check it may be left out: MODEL is checked then.", valueName: "out"))
  var output: String?

  @Flag(help: "Read all packed weights and compare the checksum of every part.")
  var check = false

  @OptionGroup var checkpoint: CheckpointArguments
  @OptionGroup var face: FaceTypeArguments
  @OptionGroup var compute: ComputeArguments

  @Flag(help: "Replace what exists already.")
  var force = false

  func validate() throws {
    if let output { try requirePath(output, "OUT") }
    if output == nil && !check { throw ValidationError("what is to be written? Expected OUT, or --check") }
  }

  func run() throws { try interruptible(pack) }

  private func pack() throws {
    guard let output else { return try check(model) }
    if !force, File.kind(output) != nil {
      throw Failure(.files, "\(output): exists already; --force replaces it")
    }
    let plan = try compute.plan(checkpoint.open(model, faceType: face.faceType))
    try PackFile.write(plan, to: output, replacing: force)
    if check { try check(output) }
  }

  private func check(_ path: String) throws {
    let file = try PackFile(path: path)
    try file.verify()
    Console.say("\(path): all \(file.header.parts.count) parts are as they were written")
  }
}
