// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeText

/// The folder beside a video that is being made, where its finished segments are: `OUTPUT.segments`.
///
/// The names of segments begin with a digest of all that they depend on, so that segments of other settings are never
/// taken for those of this run, even while another process writes them.
package struct SegmentFolder {
  /// The name of the file that says what the segments were made of.
  static let manifest = "liae-video.json"

  let path: String
  private let content: JSON
  private let digest: String
  private let count: Int
  /// The endings of the files; that of masks is nil where none are written.
  private let endings: (frames: String, mask: String?)

  /// - Parameters:
  ///   - output: the video that is made.
  ///   - mask: the video of masks; nil: none.
  ///   - content: what the segments depend on.
  ///   - count: of segments.
  init(beside output: String, mask: String?, content: JSON, count: Int) {
    (self.content, self.count) = (content, count)
    path = "\(output).segments"
    var hash = SHA256()
    Array(content.text().utf8).withUnsafeBytes { hash.update($0) }
    digest = String(hash.digest().prefix(12))
    endings = (VideoContainer.ending(output), mask.map { VideoContainer.ending($0) })
  }

  // MARK: Names

  /// The name of a segment, from 0.
  func name(_ index: Int) -> String { stem(index) + endings.frames }

  /// The name of the masks of a segment; nil where none are written.
  func maskName(_ index: Int) -> String? { endings.mask.map { "\(stem(index)).mask\($0)" } }

  /// The name of a file that is there where a segment has failed frames, or fewer or more than were expected.
  private func noteName(_ index: Int) -> String { "\(stem(index)).note.json" }

  private func stem(_ index: Int) -> String {
    let number = String(index + 1)
    return "\(digest)-\(String(repeating: "0", count: max(6 - number.count, 0)))\(number)"
  }

  /// Tells whether a name is that of a file of a segment, of any settings, finished or not.
  private static func isOfSegment(_ name: String) -> Bool {
    let parts = name.split(separator: "-", maxSplits: 1)
    return parts.count == 2 && parts[0].count == 12 && parts[0].allSatisfy { $0.isHexDigit && !$0.isUppercase }
      && parts[1].prefix(6).allSatisfy(\.isNumber) && parts[1].contains(".")
  }

  // MARK: Contents

  /// Remarks on a finished segment.
  struct Note {
    /// Frames that failed, and are as they were.
    var failures = 0
    /// The decoded frame at which the segment ends, and the video too, where that is not as expected.
    var end: Int?
  }

  /// The segments that are there with their masks, by their numbers from 0.
  ///
  /// - Throws: `inputOutput`; `corruptFile` for a note that cannot be read.
  func finished() throws(LiaeError) -> [Int: Note] {
    guard File.kind(path) == .folder else { return [:] }
    let names = Set(try File.list(path))
    var result: [Int: Note] = [:]
    for index in 0..<count where names.contains(name(index)) && maskName(index).map(names.contains) ?? true {
      result[index] = Note()
      guard names.contains(noteName(index)) else { continue }
      let file = "\(path)/\(noteName(index))"
      let note = try JSON(parsing: SmallFile.read(file), name: file)
      guard let failures = note["failures"]?.whole, failures >= 0 else {
        throw LiaeError(.corruptFile, "\(file): lacks \"failures\"; remove the folder to start from the beginning")
      }
      result[index] = Note(failures: failures, end: note["end"]?.whole)
    }
    return result
  }

  /// Makes the folder, and takes away what is in it of other settings and what a process that was killed left unfinished.
  ///
  /// - Parameters:
  ///   - indices: the segments that this process writes.
  ///   - isShard: whether other processes write the others.
  ///   - replacing: whether a shard takes away segments of other settings.
  /// - Returns: what differs from the settings of the segments that were there; empty where none were.
  /// - Throws: `fileExists` where a shard finds other settings, unless `replacing`; `inputOutput`.
  func begin(_ indices: Range<Int>, isShard: Bool, replacing: Bool) throws(LiaeError) -> [String] {
    try File.makeFolder(path)
    let manifest = "\(path)/\(Self.manifest)"
    let differences = File.kind(manifest) == nil ? [] : Self.differences(manifest, content)
    guard differences.isEmpty || !isShard || replacing else {
      throw LiaeError(
        .fileExists,
        "\(path): holds segments of other settings, which differ in \(differences.joined(separator: ", ")). --force takes "
          + "them away; another --output keeps both")
    }
    if !isShard || !differences.isEmpty { try remove { !$0.hasPrefix(digest) } }
    let own = indices.flatMap { [name($0), maskName($0), noteName($0)].compactMap(\.self) }
    let written = Set(own + (isShard ? [] : [Self.manifest]))
    for name in try File.list(path) {
      guard let dot = name.lastIndex(of: "."), File.isTemporary(name, of: String(name[..<dot])),
        written.contains(String(name[..<dot]))
      else { continue }
      try File.remove("\(path)/\(name)")
    }
    try File.writeAtomically(manifest, replacing: true, text: content.text() + "\n")
    return differences
  }

  /// Takes a segment away, which is to be made anew.
  func remove(_ index: Int) throws(LiaeError) {
    for name in [name(index), maskName(index), noteName(index)].compactMap(\.self) {
      try File.remove("\(path)/\(name)")
    }
  }

  /// Writes down what is to be known of a segment, before the segment is there.
  func write(_ note: Note, of index: Int) throws(LiaeError) {
    guard note.failures > 0 || note.end != nil else { return }
    let text = JSON.object([("failures", .integer(note.failures)), ("end", note.end.map(JSON.integer) ?? .null)]).text()
    try File.writeAtomically("\(path)/\(noteName(index))", replacing: true, text: text + "\n")
  }

  /// Takes the folder away, once the video is there. Files that are not of this program stay, and the folder with them.
  func remove() throws(LiaeError) {
    try remove { _ in true }
    try File.remove("\(path)/\(Self.manifest)")
    try File.removeEmptyFolder(path)
  }

  /// Takes the folder away if it holds no segment of any settings.
  func removeUnlessUsed() throws(LiaeError) {
    if File.kind(path) == .folder, !(try File.list(path)).contains(where: Self.isOfSegment) { try remove() }
  }

  private func remove(where isMeant: (String) -> Bool) throws(LiaeError) {
    for name in try File.list(path) where Self.isOfSegment(name) && isMeant(name) { try File.remove("\(path)/\(name)") }
  }

  /// Returns the differences between a manifest and the settings of this run, in words.
  private static func differences(_ path: String, _ content: JSON) -> [String] {
    // A manifest that cannot be read is of no use to anybody.
    guard let bytes = try? SmallFile.read(path), let old = try? JSON(parsing: bytes, name: path) else {
      return ["\(manifest), which cannot be read"]
    }
    var differences = MergeSettings.differences(old["settings"] ?? .null, content["settings"] ?? .null)
    if case .object(let members) = content {
      for (key, value) in members where key != "settings" && old[key]?.text() != value.text() {
        differences.append(key)
      }
    }
    return differences
  }
}
