// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

@main
struct LiaeTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "liae-train", abstract: "Trains LIAE face autoencoders.")
}
