// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeText

/// A bar on the last line of a terminal; nothing at all where standard error is no terminal.
package struct ProgressBar {
  /// 0: not known.
  private let total: Int
  private let unit: String
  private let showsRate: Bool
  private let start = monotonicNanoseconds()
  private var lastDrawn = 0
  private let isShown: Bool

  /// - Parameters:
  ///   - unit: what is counted, in the plural.
  ///   - showsRate: units a second and the time left, in place of the time of each.
  package init(total: Int, unit: String, showsRate: Bool = false) {
    (self.total, self.unit, self.showsRate) = (total, unit, showsRate)
    isShown = Console.isWatched && (total > 0 || showsRate)
    advance(to: 0)
  }

  /// Draws the bar, at most ten times a second but for the ends.
  package mutating func advance(to done: Int) {
    guard isShown else { return }
    let now = monotonicNanoseconds()
    guard done == 0 || done == total || now - lastDrawn > 100_000_000 else { return }
    lastDrawn = now
    var text = total > 0 ? " \(done)/\(total) \(unit)" : "\(done) \(unit)"
    if done > 0 { text += ", " + (showsRate ? rate(done, now - start) : "\((now - start) / 1_000_000 / done) ms each") }
    var line = "\r\u{1b}[K"
    if total > 0 {
      let width = max(8, min(40, Console.columns - text.count - 3))
      let filled = min(width, width * done / total)
      line += "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled) + "]"
    }
    StandardStream.error.write(line + text)
  }

  private func rate(_ done: Int, _ nanoseconds: Int) -> String {
    let perSecond = Double(done) / (Double(max(1, nanoseconds)) / 1e9)
    guard total > done else { return "\(perSecond.fixed(1)) a second" }
    let left = Double(total - done) / perSecond
    return "\(perSecond.fixed(1)) a second, \(duration(left)) left"
  }

  /// Takes the bar away.
  package func end() {
    if isShown { ProgressBar.clearLine() }
  }

  /// Empties the current line of a terminal, so that a message does not end up behind a bar.
  package static func clearLine() {
    if Console.isWatched { StandardStream.error.write("\r\u{1b}[K") }
  }
}
