// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Text to the two standard streams. Results go to standard output, all else to standard error.
package enum Console {
  /// The program's name, set once by `runProgram` before anything is said.
  nonisolated(unsafe) package internal(set) static var program = "liae"

  /// A line of results, or several.
  package static func say(_ line: String) { StandardStream.output.write(line.printableLines + "\n") }

  /// A line of what the user should know: warnings, errors.
  package static func complain(_ line: String) {
    ProgressBar.clearLine()
    StandardStream.error.write("\(program): \(line.printable)\n")
  }

  /// True if somebody watches standard error.
  package static var isWatched: Bool { StandardStream.error.isTerminal }

  /// Columns of the terminal at standard error.
  package static var columns: Int { StandardStream.error.columns ?? 80 }
}
