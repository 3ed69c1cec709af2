// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeSystem
import LiaeText
import LiaeTrainingSession

struct LogCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Prints the losses of a training as CSV.",
    discussion: """
      One line for each line of losses in NAME_log.jsonl: iter, src, dst (means of the losses), ms (milliseconds an
      iteration). Spreadsheets, pandas and TensorBoard's scripts take it as it is:
        liae-train log model > losses.csv
      """)

  @Argument(help: .init("Folder of the model.", valueName: "model"))
  var model: String

  @Option(help: .init("Name of the model, where the folder holds several.", valueName: "name"))
  var name: String?

  func validate() throws { try requirePath(model, "MODEL") }

  func run() throws {
    let folder = try ModelFolder(model, name: name)
    let table = try TrainingLog.table(folder.log)
    StandardStream.output.write(table)
  }
}
