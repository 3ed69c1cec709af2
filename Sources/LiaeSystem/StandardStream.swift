// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The two streams that a program writes text to.
package enum StandardStream: Sendable {
  case output, error

  private var descriptor: Int32 { self == .output ? STDOUT_FILENO : STDERR_FILENO }

  /// Writes all of the text. A reader that went away is no reason to stop, so what it does not take is lost.
  package func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let (count, code) = rest.withUnsafeBytes { writeWithoutSignals(descriptor, $0.baseAddress, $0.count) }
      if count == 0 || count < 0 && code != EINTR { return }
      rest = rest.dropFirst(max(count, 0))
    }
  }

  /// True if the stream goes to a terminal.
  package var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Columns of the stream's terminal; nil where it has none, or does not say.
  package var columns: Int? {
    var size = winsize()
    return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
  }
}

/// Ends the process at once with this status; what it has open is closed by the system.
///
/// Libraries are not asked to clean up: OpenBLAS waits there for threads that, where the address space is limited, ask for
/// memory again and again and do not end.
package func endProcess(_ status: Int32) -> Never {
  fflush(nil)
  _exit(status)
}
