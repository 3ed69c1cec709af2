// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Text to the two standard streams. Results go to standard output, all else to standard error.
package enum Console {
  /// Set once by `runProgram`, before anything is said.
  nonisolated(unsafe) package internal(set) static var program = "liae"

  package static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      // A reader that went away is no reason to stop.
      if count < 0 && errno != EINTR { return }
      rest = rest.dropFirst(max(count, 0))
    }
  }

  /// A line of results, or several.
  package static func say(_ line: String) { write(printable(line) + "\n", to: STDOUT_FILENO) }

  /// A line of what the user should know: warnings, errors.
  package static func complain(_ line: String) {
    ProgressBar.clearLine()
    write("\(program): \(printable(line))\n", to: STDERR_FILENO)
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
  package static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

  /// Columns of the terminal at standard error.
  package static var columns: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }
}
