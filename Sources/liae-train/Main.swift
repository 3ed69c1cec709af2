// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeSystem

/// The root command: it only holds the others together.
struct LiaeTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "liae-train",
    abstract: "Trains LIAE, DF and AMP face-swap models, and XSeg.",
    discussion: """
      Examples:
        liae-train --src data_src/aligned --dst data_dst/aligned \\
          --model model --arch liae-udt --resolution 224
        liae-train --src data_src/aligned --dst data_dst/aligned \\
          --model model --random-warp-until 100000 --target-iter 150000
        liae-train export model me.safetensors

      \(ExitStatus.table(of: ExitStatus.allCases.filter { ![.verification, .someFailed, .unmatched].contains($0) }))
      """,
    version: "liae-train \(Version.string)",
    subcommands: [
      TrainCommand.self, XSegCommand.self, ExportCommand.self, SynthCommand.self, EvaluateCommand.self,
      SamplesCommand.self,
      LogCommand.self, BenchCommand.self,
    ],
    defaultSubcommand: TrainCommand.self)
}

@main enum Main {
  static func main() { runProgram(LiaeTrainCommand.self) }
}
