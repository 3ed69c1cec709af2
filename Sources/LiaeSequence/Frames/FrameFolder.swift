// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeImageIO
import LiaeSystem

/// The frames of a folder, in the order of their names, in which numbers count as numbers: frame9 comes before frame10.
package struct FrameFolder: Sendable {
  package struct Frame: Sendable {
    package var path: String
    package var name: String
    /// The file's name without its ending.
    package var stem: String
  }
  package let path: String
  package let frames: [Frame]
  /// Pictures of kinds that are not read, and unfinished downloads.
  package let unreadable: [String]
  private let places: [String: Int]

  /// - Throws: where it cannot be listed; `inputOutput` for a file, `fileNotFound` where it holds no frame,
  ///   `invalidArgument` where two frames have one stem.
  package init(_ path: String) throws(LiaeError) {
    if let kind = File.kind(path), kind != .folder {
      throw LiaeError(.inputOutput, "\(path): is a file; expected the folder of the frames")
    }
    let files = PictureNames(try File.list(path))
    unreadable = files.unreadable
    let names = files.readable.naturallySorted()
    guard !names.isEmpty else {
      let endings = PictureNames.endings.map { ".\($0)" }.joined(separator: ", ")
      let others =
        unreadable.isEmpty
        ? ""
        : "; it has \(PictureNames.counts(unreadable)), which are not read: \(PictureNames.remedy(unreadable))"
      throw LiaeError(.fileNotFound, "\(path): the folder holds no \(endings) file\(others)")
    }
    var places: [String: Int] = [:]
    for (place, name) in names.enumerated() {
      if let other = places.updateValue(place, forKey: File.stem(name)) {
        throw LiaeError(
          .invalidArgument, "\(path): \(names[other]) and \(name) are two frames of one name; rename one")
      }
    }
    (self.path, self.places) = (path, places)
    frames = names.map { Frame(path: "\(path)/\($0)", name: $0, stem: File.stem($0)) }
  }

  /// The place in the sequence of a frame by its name, with its ending or without.
  func place(named name: String) -> Int? {
    if let place = places[File.stem(name)], frames[place].name == name { return place }
    return places[name]
  }

  /// The place in the sequence of a frame that a face names; nil where there is none.
  package func place(_ frame: LandmarksFile.FrameName) -> Int? {
    switch frame {
    case .name(let name): return places[File.stem(name)]
    case .index(let index): return frames.indices.contains(index) ? index : nil
    }
  }

  /// Returns what the user of a sequence should know: pictures left out and, where `faces` name frames by numbers, in
  /// which other way these can be understood.
  package func notices(for faces: FaceIndex) -> [SequenceNotice] {
    var notices: [SequenceNotice] = []
    if let first = unreadable.first {
      notices.append(.unreadable(first: "\(path)/\(first)", unreadable))
    }
    if let mismatch = faces.mismatch(frame: frames[0].name) {
      notices.append(.mismatch(mismatch))
    } else if let last = faces.faces.keys.max(), frames.count - 1 - last > frames.count / 2 {
      notices.append(
        .facesEnd(frame: frames[last].name, following: frames.count - 1 - last, total: frames.count))
    }
    guard let largest = faces.numbers?.upperBound else { return notices }
    let byText = frames.map(\.name).sorted()
    if let place = frames.indices.first(where: { frames[$0].name != byText[$0] }) {
      notices.append(.ordered(place: place, frame: frames[place].name, other: byText[place]))
    }
    let numbers = frames.map(\.stem.lastNumber)
    guard let first = numbers.first ?? nil else { return notices }
    if let place = numbers.indices.first(where: { numbers[$0] != first &+ $0 }) {
      notices.append(.gap(place: place, frame: frames[place].name))
    } else if first == 1, faces.numbers?.lowerBound != 0, largest == frames.count {
      notices.append(.countedFromOne(largest: largest, first: frames[0].name))
    }
    return notices
  }
}
