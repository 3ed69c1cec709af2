// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeDiagnostics
import LiaeFormats
import LiaePack

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Describes a checkpoint: architecture, dims, parameters, memory, colour order, origin, hash.",
    discussion: """
      The hash is the SHA-256 of all weights that a run reads, in the order of the network: for each tensor its \
      canonical name in UTF-8, a zero byte, and its values as little-endian float32. It is the same for one network in \
      every file format that holds float32. Packed weights have a fingerprint in its place: docs/packed-weights.md.
      """)

  @Argument(help: .init("Checkpoint: a file, or a DeepFaceLab model folder.", valueName: "path"))
  var model: String

  @OptionGroup var checkpoint: CheckpointArguments
  @OptionGroup var face: FaceTypeArguments

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws { try interruptible(inspect) }

  private func inspect() throws {
    let file = try CheckpointFile(path: model)
    if let packed = file.packedWeights {
      let inspection = try PackInspection(PackFile(packed))
      return Console.say(json ? inspection.json.text() : inspection.text)
    }
    let inspection = try Inspection(
      path: model, model: checkpoint.open(file, faceType: face.faceType, mentioningGuesses: false))
    Console.say(json ? inspection.json.text() : inspection.text)
  }
}
