// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The picture files among the names of a folder: those that are read, and those that are left out and have to be said.
package struct PictureNames: Sendable {
  /// Files that `Picture` reads, by their endings, in the order of the names.
  package private(set) var readable: [String] = []
  /// PNG files left out because a JPEG file of the same stem is there, each with that file.
  package private(set) var repeated: [(name: String, other: String)] = []
  /// Pictures of other formats, unless a file that is read has their stem, and downloads that have not finished.
  package private(set) var unreadable: [String] = []

  package static let endings = ["png", "jpg", "jpeg"]
  private static let otherEndings: Set<String> = [
    "tif", "tiff", "bmp", "webp", "gif", "tga", "exr", "hdr", "dpx", "jp2", "j2k", "jxl", "avif", "heic", "heif", "ppm",
    "pgm", "pnm", "dng",
  ]
  private static let unfinishedEndings: Set<String> = ["part", "crdownload", "download", "filepart", "partial"]

  /// - Parameter names: sorted. Hidden files are no pictures.
  package init(_ names: [String]) {
    for name in names where !name.hasPrefix(".") {
      let ending = Self.ending(name)
      if Self.endings.contains(ending) { readable.append(name) }
      if Self.otherEndings.contains(ending) || Self.unfinishedEndings.contains(ending) { unreadable.append(name) }
    }
    let stems = Set(readable.map { File.stem($0) })
    unreadable.removeAll { stems.contains(File.stem($0)) }
  }

  /// Returns the names without PNG files that stand for the same face as a JPEG file: tools that converted faces kept
  /// both.
  package func joiningFaces() -> PictureNames {
    var result = self
    var jpegs: [String: String] = [:]
    for name in readable where Self.ending(name) != "png" { jpegs[File.stem(name)] = name }
    result.readable = readable.filter { name in
      guard Self.ending(name) == "png", let other = jpegs[File.stem(name)] else { return true }
      result.repeated.append((name, other))
      return false
    }
    return result
  }

  /// Tells whether a file has the ending of a JPEG and is not hidden.
  package static func isJPEG(_ name: String) -> Bool { isPicture(name) && ending(name) != "png" }
  /// Tells whether a file has the ending of a picture that `Picture` reads, and is not hidden.
  package static func isPicture(_ name: String) -> Bool { !name.hasPrefix(".") && endings.contains(ending(name)) }

  /// Counts the files of each ending, as `12 .tif, 1 .webp`.
  package static func counts(_ names: [String]) -> String {
    var counts: [String: Int] = [:]
    for name in names { counts[ending(name), default: 0] += 1 }
    return counts.sorted { $0.key < $1.key }.map { "\($0.value) .\($0.key)" }.joined(separator: ", ")
  }

  /// Returns what the user can do about files that are not read: convert pictures, or finish downloads.
  package static func remedy(_ names: [String]) -> String {
    let endings = Set(names.map { ending($0) })
    let pictures = endings.subtracting(unfinishedEndings).sorted().map { "*.\($0)" }
    let convert =
      pictures.isEmpty
      ? [] : ["ImageMagick converts them, in their folder: mogrify -format png \(pictures.joined(separator: " "))"]
    let finish = endings.isDisjoint(with: unfinishedEndings) ? [] : ["an unfinished download has to be completed"]
    return (finish + convert).joined(separator: "; ")
  }

  /// Returns what stands behind the last dot, in small letters; empty where there is none.
  package static func ending(_ name: String) -> String {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }
}
