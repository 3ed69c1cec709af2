// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFormats
import LiaeSystem

/// The frames of a folder, in the order of their names.
struct FrameFolder {
  struct Frame {
    var path: String
    var name: String
    /// The file's name without its ending.
    var stem: String
  }
  let path: String
  let frames: [Frame]
  private let places: [String: Int]

  static let endings = [".png", ".jpg", ".jpeg"]

  /// - Throws: where it cannot be listed, holds no frame, or two frames have one stem.
  init(_ path: String) throws {
    if let kind = File.kind(path), kind != .folder {
      throw Failure(.files, "\(path): is a file; expected the folder of the frames")
    }
    let names = try File.list(path).filter { name in
      !name.hasPrefix(".") && Self.endings.contains { name.lowercased().hasSuffix($0) }
    }
    guard !names.isEmpty else {
      throw Failure(.files, "\(path): the folder holds no \(Self.endings.joined(separator: ", ")) file")
    }
    var places: [String: Int] = [:]
    for (place, name) in names.enumerated() {
      if let other = places.updateValue(place, forKey: InputFile.stem(name)) {
        throw Failure(.usage, "\(path): \(names[other]) and \(name) are two frames of one name; rename one")
      }
    }
    (self.path, self.places) = (path, places)
    frames = names.map { Frame(path: "\(path)/\($0)", name: $0, stem: InputFile.stem($0)) }
  }

  /// Where the frame of a face stands; nil where there is none.
  func place(_ frame: LandmarksFile.FrameName) -> Int? {
    switch frame {
    case .name(let name): return places[InputFile.stem(name)]
    case .index(let index): return frames.indices.contains(index) ? index : nil
    }
  }
}
