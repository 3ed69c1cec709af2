// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// Options of one invocation of the program.
struct SessionArguments: SettingOptions {
  @Option(help: .init("Threads that compute; 0 is one for each processor. (default: 0)", valueName: "n"))
  var threads: Int?

  @Option(help: .init("Threads that prepare faces. Results do not depend on them. (default: 2)", valueName: "n"))
  var generatorThreads: Int?

  @Option(
    help: .init(
      "What an iteration keeps: speed, every activation, the default; memory, fewer, of which it makes the others again. "
        + "Results do not depend on it.", valueName: "policy"))
  var memory: String?

  @Option(help: .init("Minutes between saves; 0: at the end only. (default: 25)", valueName: "x"))
  var saveEvery: Double?

  @Option(help: .init("Iterations between pictures of samples and losses; 0: none. (default: 500)", valueName: "n"))
  var previewEvery: Int?

  @Option(help: .init("Faces in a preview. 1 to 64. (default: 4)", valueName: "n"))
  var previewFaces: Int?

  @Option(help: .init("Iterations that a line of the log sums up. (default: 1)", valueName: "n"))
  var logEvery: Int?

  @Option(help: .init("Seconds between lines of progress where there is no terminal. (default: 10)", valueName: "x"))
  var statusEvery: Double?

  @Option(help: .init("Backups that are kept. 1 to 1000. (default: 5)", valueName: "n"))
  var backups: Int?

  @Option(help: .init("Iterations between backups; 0: none. (default: 0)", valueName: "n"))
  var backupEvery: Int?

  @Option(
    help: .init(
      "Ratio to the usual loss that, three times in a row, makes training go back to the last save; 0: never. "
        + "(default: 10)", valueName: "x"))
  var spikeFactor: Double?
}
