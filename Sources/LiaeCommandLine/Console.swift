// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Text to the two standard streams. Results go to standard output, all else to standard error.
package enum Console {
  /// Set once by `runProgram`, before anything is said.
  nonisolated(unsafe) package internal(set) static var program = "liae"

  /// A line of results, or several.
  package static func say(_ line: String) { StandardStream.output.write(printable(line) + "\n") }

  /// A line of what the user should know: warnings, errors.
  package static func complain(_ line: String) {
    ProgressBar.clearLine()
    StandardStream.error.write("\(program): \(printable(line))\n")
  }

  /// Names out of files and folders may hold control characters, which must not reach a terminal.
  private static func printable(_ text: String) -> String {
    func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
      scalar == "\n" || scalar.properties.generalCategory != .control
    }
    if text.unicodeScalars.allSatisfy(isHarmless) { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { isHarmless($0) ? $0 : "\u{FFFD}" }))
  }

  /// Whether somebody watches standard error.
  package static var isWatched: Bool { StandardStream.error.isTerminal }

  /// Columns of the terminal at standard error.
  package static var columns: Int { StandardStream.error.columns ?? 80 }
}
