// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

/// The frames of a folder, in the order of their names.
package struct FrameFolder: Sendable {
  package struct Frame: Sendable {
    package var path: String
    package var name: String
    /// The file's name without its ending.
    package var stem: String
  }
  package let path: String
  package let frames: [Frame]
  private let places: [String: Int]

  static let endings = [".png", ".jpg", ".jpeg"]

  /// - Throws: where it cannot be listed; `inputOutput` for a file, `fileNotFound` where it holds no frame,
  ///   `invalidArgument` where two frames have one stem.
  package init(_ path: String) throws(LiaeError) {
    if let kind = File.kind(path), kind != .folder {
      throw LiaeError(.inputOutput, "\(path): is a file; expected the folder of the frames")
    }
    let names = try File.list(path).filter { name in
      !name.hasPrefix(".") && Self.endings.contains { name.lowercased().hasSuffix($0) }
    }
    guard !names.isEmpty else {
      throw LiaeError(.fileNotFound, "\(path): the folder holds no \(Self.endings.joined(separator: ", ")) file")
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

  /// The place in the sequence of a frame that a face names; nil where there is none.
  package func place(_ frame: LandmarksFile.FrameName) -> Int? {
    switch frame {
    case .name(let name): return places[File.stem(name)]
    case .index(let index): return frames.indices.contains(index) ? index : nil
    }
  }
}
