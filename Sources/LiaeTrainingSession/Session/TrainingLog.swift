// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeText

/// The log of a model, a JSON object a line: `iter` always, then losses and time of the iterations since the line
/// before, or an `event`. Iterations only grow from line to line: what a run that was lost had written is cut off.
///
/// Training is worth more than its log: nothing here throws. What cannot be written is left out, and no line stays half.
package final class TrainingLog {
  private let path: String
  private let every: Int
  private let onFailure: (LiaeError) -> Void
  /// The open file; nil until it could be opened.
  private var file: AppendedFile?
  private var count = 0
  private var sums = (source: 0.0, destination: 0.0, milliseconds: 0.0)
  /// The last iteration whose lines stay when the file is opened.
  private var iteration: Int
  /// Bytes of whole lines.
  private var length = 0
  /// True if the last line could not be written, and part of it may stand behind `length`.
  private var isBroken = false

  /// A line that is longer is none of a log's.
  private static let longestLine = 1 << 20

  /// - Parameters:
  ///   - iteration: where training goes on; lines of later ones are cut off.
  ///   - every: iterations that a line sums up.
  ///   - onFailure: is told that the log cannot be written, once until it can be again.
  package init(_ path: String, at iteration: Int, every: Int, onFailure: @escaping (LiaeError) -> Void) {
    (self.path, self.iteration, self.every, self.onFailure) = (path, iteration, every, onFailure)
    attempt { () throws(LiaeError) in _ = try opened() }
  }

  /// The lines with losses of a log as CSV: `iter,src,dst,ms`, or `iter,loss,ms` where a model has one loss alone.
  ///
  /// - Throws: `fileNotFound`, `inputOutput`; `corruptFile` where the file is no log. A last line that is torn is left out.
  package static func table(_ path: String) throws(LiaeError) -> String {
    let bytes = try Bytes.read(path: path)
    defer { withExtendedLifetime(bytes) {} }
    var (keys, rows) = (["iter", "src", "dst", "ms"], "")
    let lines = bytes.raw.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !line.isEmpty {
      let entry: JSON
      do throws(LiaeError) { entry = try JSON(parsing: Array(line), name: path) } catch {
        if index == lines.count - 1 { break }
        throw LiaeError(.corruptFile, "\(path): line \(index + 1) is no line of a log")
      }
      if rows.isEmpty, entry["loss"] != nil { keys = ["iter", "loss", "ms"] }
      let values = keys.compactMap { entry[$0]?.text() }
      if values.count == keys.count { rows += values.joined(separator: ",") + "\n" }
    }
    return keys.joined(separator: ",") + "\n" + rows
  }

  /// Cuts off the lines of iterations past `iteration`, and a last one that was not finished.
  package func rewind(to iteration: Int) {
    (count, sums, self.iteration) = (0, (0, 0, 0), iteration)
    attempt { () throws(LiaeError) in
      // A file that is opened here is cut in passing.
      if let file { try cut(file) } else { _ = try opened() }
    }
  }

  /// Notes that one more iteration was done.
  ///
  /// - Parameter destination: nil if the model has one loss only, which is `source`.
  package func append(_ iteration: Int, source: Float, destination: Float?, milliseconds: Double) {
    count += 1
    sums.source += Double(source)
    sums.destination += Double(destination ?? 0)
    sums.milliseconds += milliseconds
    guard count >= every else { return }
    let number = Double(count)
    let (first, second) = (
      JSON.number(Self.rounded(sums.source / number)), JSON.number(Self.rounded(sums.destination / number))
    )
    write(
      iteration,
      (destination == nil ? [("loss", first)] : [("src", first), ("dst", second)])
        + [("ms", .number((sums.milliseconds / number * 10).rounded() / 10))])
    (count, sums) = (0, (0, 0, 0))
  }

  package func event(_ what: String, at iteration: Int, _ members: [(String, JSON)] = []) {
    write(iteration, [("event", .string(what))] + members)
  }

  private func write(_ iteration: Int, _ members: [(String, JSON)]) {
    let line = JSON.object([("iter", .integer(iteration))] + members).line + "\n"
    attempt { () throws(LiaeError) in
      let file = try opened()
      if isBroken { try file.truncate(to: length) }
      do throws(LiaeError) { try file.append(line) } catch {
        try? file.truncate(to: length)
        throw error
      }
      length += line.utf8.count
    }
    self.iteration = iteration
  }

  /// Runs what may fail; the first failure of several is reported.
  private func attempt(_ body: () throws(LiaeError) -> Void) {
    do throws(LiaeError) {
      try body()
      isBroken = false
    } catch {
      if !isBroken { onFailure(error) }
      isBroken = true
    }
  }

  private func opened() throws(LiaeError) -> AppendedFile {
    if let file { return file }
    // Opening a pipe would wait for a reader.
    if let kind = File.kind(path), kind != .file {
      throw LiaeError(.inputOutput, "\(path): cannot be written: is not a regular file")
    }
    let file = try AppendedFile(path)
    try cut(file)
    self.file = file
    return file
  }

  private func cut(_ file: AppendedFile) throws(LiaeError) {
    let bytes = try Bytes.read(path: path)
    defer { withExtendedLifetime(bytes) {} }
    let text = bytes.raw
    let newline = UInt8(ascii: "\n")
    // Whole lines only, from the end: iterations never fall.
    var end = text.lastIndex(of: newline).map { $0 + 1 } ?? 0
    while end > 0 {
      let start = text[..<(end - 1)].lastIndex(of: newline).map { $0 + 1 } ?? 0
      if end - start <= Self.longestLine,
        let number = (try? JSON(parsing: Array(text[start..<end - 1]), name: path))?["iter"]?.whole,
        number <= iteration
      {
        break
      }
      end = start
    }
    if end < text.count { try file.truncate(to: end) }
    (length, isBroken) = (end, false)
  }

  /// Rounds to six digits behind the point.
  private static func rounded(_ value: Double) -> Double {
    value.isFinite ? (value * 1e6).rounded() / 1e6 : value
  }
}
