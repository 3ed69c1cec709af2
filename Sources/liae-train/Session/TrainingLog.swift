// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeSystem
import LiaeText

/// The log of a model, a JSON object a line: `iter` always, then losses and time of the iterations since the line
/// before, or an `event`. No iteration stands in it twice: what a run that was lost had written is cut off.
final class TrainingLog {
  private let file: AppendedFile
  private let every: Int
  private var count = 0
  private var sums = (source: 0.0, destination: 0.0, milliseconds: 0.0)
  private var isBroken = false

  /// - Parameters:
  ///   - iteration: where training goes on; lines of later ones are cut off.
  ///   - every: iterations that a line sums up.
  init(_ path: String, at iteration: Int, every: Int) throws(LiaeError) {
    file = try AppendedFile(path)
    self.every = every
    try rewind(to: iteration)
  }

  /// Cuts off the lines of iterations past `iteration`, and a last one that was not finished.
  func rewind(to iteration: Int) throws(LiaeError) {
    (count, sums) = (0, (0, 0, 0))
    let bytes = try Bytes.map(path: file.path)
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
  }

  /// One more iteration was done.
  func step(_ iteration: Int, source: Float, destination: Float, milliseconds: Double) {
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

  func event(_ what: String, at iteration: Int, _ members: [(String, JSON)] = []) {
    write([("iter", .integer(iteration)), ("event", .string(what))] + members)
  }

  /// A log that cannot be written is said once; training is worth more than its log.
  private func write(_ members: [(String, JSON)]) {
    do throws(LiaeError) {
      try file.append(JSON.object(members).line + "\n")
      isBroken = false
    } catch {
      if !isBroken { Console.complain("\(error.message); training goes on") }
      isBroken = true
    }
  }

  /// To six digits behind the point.
  private static func rounded(_ value: Double) -> Double {
    value.isFinite ? (value * 1e6).rounded() / 1e6 : value
  }
}
