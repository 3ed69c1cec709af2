// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeCommandLine
import LiaeSystem
import LiaeText

/// How training goes: the last line of a terminal, or a line now and then where standard error is none.
struct StatusLine {
  /// Nanoseconds between lines where there is no terminal.
  private let pause: Int
  private let target: Int
  private let isWatched = Console.isWatched
  private var lastShown = monotonicNanoseconds()
  /// Of one iteration with all that belongs to it, averaged over the last 50 or so.
  private var milliseconds = 0.0
  private var count = 0

  /// - Parameter target: the last iteration, or 0.
  init(target: Int, seconds: Float) {
    self.target = target
    pause = Int(Double(seconds) * 1e9)
  }

  mutating func step(_ iteration: Int, source: Float, destination: Float, milliseconds latest: Double) {
    count = min(count + 1, 50)
    milliseconds += (latest - milliseconds) / Double(count)
    let now = monotonicNanoseconds()
    guard now - lastShown >= (isWatched ? 100_000_000 : pause) || iteration == target else { return }
    lastShown = now
    var text =
      "[\(iteration)] \(milliseconds.fixed(milliseconds < 100 ? 1 : 0)) ms  src \(Double(source).fixed(4))  "
      + "dst \(Double(destination).fixed(4))"
    if target > iteration { text += "  \(duration(Double(target - iteration) * milliseconds / 1000)) left" }
    // A line that wraps could not be taken back.
    let line = isWatched ? "\r\u{1b}[K" + text.prefix(max(20, Console.columns - 1)) : text + "\n"
    Console.write(line, to: STDERR_FILENO)
  }

  /// Leaves the line as it is.
  func end() { if isWatched, count > 0 { Console.write("\n", to: STDERR_FILENO) } }
}
