// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeSystem

/// A bar on the last line of a terminal; nothing at all where standard error is no terminal.
struct ProgressBar {
  private let total: Int
  private let unit: String
  private let start = monotonicNanoseconds()
  private var lastDrawn = 0
  private let isShown: Bool

  /// - Parameter unit: what is counted, in the plural.
  init(total: Int, unit: String) {
    (self.total, self.unit, isShown) = (total, unit, Console.isWatched && total > 0)
    advance(to: 0)
  }

  /// Draws the bar, at most ten times a second but for the ends.
  mutating func advance(to done: Int) {
    guard isShown else { return }
    let now = monotonicNanoseconds()
    guard done == 0 || done == total || now - lastDrawn > 100_000_000 else { return }
    lastDrawn = now
    var text = " \(done)/\(total) \(unit)"
    if done > 0 { text += ", \(((now - start) / 1_000_000) / done) ms each" }
    let width = max(8, min(40, Console.columns - text.count - 3))
    let filled = width * done / total
    Console.write(
      "\r\u{1b}[K[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled) + "]"
        + text,
      to: STDERR_FILENO)
  }

  /// Takes the bar away.
  func end() {
    if isShown { ProgressBar.clearLine() }
  }

  /// Empties the current line of a terminal, so that a message does not end up behind a bar.
  static func clearLine() {
    if Console.isWatched { Console.write("\r\u{1b}[K", to: STDERR_FILENO) }
  }
}
