// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Standard input where a person sits at it.
package enum TerminalInput {
  /// True if a line can be typed: a terminal, with this process in its foreground.
  package static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 && tcgetpgrp(STDIN_FILENO) == getpgrp() }

  /// The line that is typed, without its end; nil where none comes in time. Where standard input is no terminal, only time
  /// passes. A signal ends the wait early.
  package static func line(within milliseconds: Int32) -> String? {
    var request = pollfd(fd: isTerminal ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0)
    guard poll(&request, 1, milliseconds) > 0, request.revents & Int16(POLLIN) != 0 else { return nil }
    // A terminal gives a whole line at a time.
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(STDIN_FILENO, &bytes, bytes.count)
    guard count > 0 else {
      // A terminal that went away is ready at all times.
      poll(nil, 0, milliseconds)
      return nil
    }
    return String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }
}
