// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The frames of a folder that one run of the program writes: all of them, a stretch, a list, or a shard of these.
package struct FrameSelection: Sendable {
  /// Places in the folder, ascending.
  package private(set) var places: [Int]
  private let frames: FrameFolder

  /// Every frame.
  package init(_ frames: FrameFolder) { (self.frames, places) = (frames, Array(frames.frames.indices)) }

  /// True if frames are left to other runs.
  var isPartial: Bool { places.count < frames.frames.count }

  /// Keeps the frames from one to another, both included, by their names; nil is the first or the last of the folder.
  ///
  /// - Throws: `invalidArgument` for a name that is none, and where the last stands before the first.
  package mutating func keep(first: String?, last: String?) throws(LiaeError) {
    let start = try first.map { (name) throws(LiaeError) in try place(name, "--first") } ?? 0
    let end = try last.map { (name) throws(LiaeError) in try place(name, "--last") } ?? frames.frames.count - 1
    guard start <= end else {
      throw LiaeError(.invalidArgument, "--first \(first ?? "") stands behind --last \(last ?? "")")
    }
    places = places.filter { (start...end).contains($0) }
  }

  /// Keeps the frames that a text file names, one a line. Empty lines and lines that begin with # are passed over.
  ///
  /// - Throws: `invalidArgument` for a name that is none; what reading the file throws.
  package mutating func keep(listedIn path: String) throws(LiaeError) {
    let file = try Bytes.read(path: path)
    let text = String(decoding: file.raw, as: UTF8.self)
    withExtendedLifetime(file) {}
    var listed: Set<Int> = []
    for (number, line) in text.split(whereSeparator: \.isNewline).enumerated() {
      let name = line.trimmed
      guard !name.isEmpty, !name.hasPrefix("#") else { continue }
      listed.insert(try place(name, "\(path), name \(number + 1)"))
    }
    guard !listed.isEmpty else { throw LiaeError(.invalidArgument, "\(path): names no frame") }
    places = places.filter(listed.contains)
  }

  /// Keeps the stretch of a shard. Frames that need those before them stay together so.
  package mutating func keep(_ shard: Shard) { places = Array(places[shard.range(of: places.count)]) }

  /// A frame by its name, with or without ending, or by the number in it.
  private func place(_ name: String, _ source: String) throws(LiaeError) -> Int {
    if let exact = frames.place(named: name) { return exact }
    if let number = Int(name) {
      let found = frames.frames.indices.filter { frames.frames[$0].stem.lastNumber == number }
      if found.count == 1 { return found[0] }
    }
    throw LiaeError(
      .invalidArgument, "\(source): \(name) is no frame of \(frames.path); the first is \(frames.frames[0].name)")
  }
}

extension Substring {
  fileprivate var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
