// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine

/// The root command: it only holds the others together.
struct LiaeTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "liae-train", abstract: "Trains LIAE and DF face-swap models.", subcommands: [SamplesCommand.self])
}

@main enum Main {
  static func main() { runProgram(LiaeTrainCommand.self) }
}
