// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeText

/// The log of a model, a JSON object a line: `iter` always, then losses and time of the iterations since the line
/// before, or an `event`. Iterations only grow from line to line: what a run that was lost had written is cut off.
package final class TrainingLog {
  private let file: AppendedFile
  private let every: Int
  private let onFailure: (LiaeError) -> Void
  private var count = 0
  private var sums = (source: 0.0, destination: 0.0, milliseconds: 0.0)
  /// Bytes of whole lines.
  private var length = 0
  /// Whether the last line could not be written, and part of it may stand behind `length`.
  private var isBroken = false

  /// - Parameters:
  ///   - iteration: where training goes on; lines of later ones are cut off.
  ///   - every: iterations that a line sums up.
  ///   - onFailure: is told that the log cannot be written, once until it can be again.
  package init(
    _ path: String, at iteration: Int, every: Int, onFailure: @escaping (LiaeError) -> Void
  ) throws(LiaeError) {
    file = try AppendedFile(path)
    (self.every, self.onFailure) = (every, onFailure)
    try rewind(to: iteration)
  }

  /// Cuts off the lines of iterations past `iteration`, and a last one that was not finished.
  package func rewind(to iteration: Int) throws(LiaeError) {
    (count, sums) = (0, (0, 0, 0))
    let bytes = try Bytes.read(path: file.path)
    defer { withExtendedLifetime(bytes) {} }
    let text = bytes.raw
    let newline = UInt8(ascii: "\n")
    // Whole lines only, from the end: iterations never fall.
    var end = text.lastIndex(of: newline).map { $0 + 1 } ?? 0
    while end > 0 {
      let start = text[..<(end - 1)].lastIndex(of: newline).map { $0 + 1 } ?? 0
      let line = try? JSON(parsing: Array(text[start..<end - 1]), name: file.path)
      if let number = line?["iter"]?.whole, number <= iteration { break }
      end = start
    }
    if end < text.count { try file.truncate(to: end) }
    (length, isBroken) = (end, false)
  }

  /// Notes that one more iteration was done.
  package func step(_ iteration: Int, source: Float, destination: Float, milliseconds: Double) {
    count += 1
    sums.source += Double(source)
    sums.destination += Double(destination)
    sums.milliseconds += milliseconds
    guard count >= every else { return }
    let number = Double(count)
    write([
      ("iter", .integer(iteration)), ("src", .number(Self.rounded(sums.source / number))),
      ("dst", .number(Self.rounded(sums.destination / number))),
      ("ms", .number((sums.milliseconds / number * 10).rounded() / 10)),
    ])
    (count, sums) = (0, (0, 0, 0))
  }

  package func event(_ what: String, at iteration: Int, _ members: [(String, JSON)] = []) {
    write([("iter", .integer(iteration)), ("event", .string(what))] + members)
  }

  /// Training is worth more than its log: a line that cannot be written is left out, and none stays half.
  private func write(_ members: [(String, JSON)]) {
    let line = JSON.object(members).line + "\n"
    do throws(LiaeError) {
      if isBroken { try file.truncate(to: length) }
      try file.append(line)
      length += line.utf8.count
      isBroken = false
    } catch {
      if !isBroken { onFailure(error) }
      isBroken = true
      try? file.truncate(to: length)
    }
  }

  /// To six digits behind the point.
  private static func rounded(_ value: Double) -> Double {
    value.isFinite ? (value * 1e6).rounded() / 1e6 : value
  }
}
