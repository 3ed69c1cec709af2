// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The faces that a job has finished, in a file beside them while it is under way, so that a job that was stopped goes on
/// and one of another model begins anew.
///
/// A line that says what the job is, then a name a line. A last line that was cut off counts for nothing.
final class MaskJournal {
  static let name = "liae-xseg.txt"

  private let path: String
  private let file: AppendedFile
  /// Names of the faces that are finished.
  let finished: Set<String>

  /// - Parameter job: what determines the masks, in one line.
  /// - Throws: `inputOutput`.
  init(in folder: String, job: String) throws(LiaeError) {
    path = "\(folder)/\(Self.name)"
    var lines: [Substring] = []
    if File.kind(path) == .file {
      let bytes = try Bytes.read(path: path)
      let text = withExtendedLifetime(bytes) { String(decoding: bytes.raw, as: UTF8.self) }
      lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().filter { !$0.isEmpty }
    }
    let isSame = lines.first.map(String.init) == job
    finished = isSame ? Set(lines.dropFirst().map(String.init)) : []
    if !isSame { try File.writeAtomically(path, replacing: true, text: job + "\n") }
    file = try AppendedFile(path)
    // Behind half a line.
    if isSame { try file.append("\n") }
  }

  func add(_ name: String) throws(LiaeError) { try file.append(name + "\n") }

  /// Takes the file away: all is done.
  func end() throws(LiaeError) { try File.remove(path) }
}
