// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeImageIO
import LiaeSystem

/// A face that is not trained with, and why.
package struct SkippedFace: Sendable, Equatable {
  package let name: String
  package let reason: String
}

/// The aligned faces of a folder of JPEG and PNG files or of a `faceset.pak`, sorted by name. Pictures are read when they are
/// needed; what cannot be used is skipped and said.
package final class FacesetSource: Sendable {
  package let path: String
  /// The faces whose metadata can be read; one or more.
  package let faces: [SourceFace]
  private let report: SkipReport

  /// The faces that were skipped at opening and, as they are met, at decoding.
  package var skipped: [SkippedFace] { report.faces }

  /// - Parameter path: a folder, whose `faceset.pak`, where it has one, counts instead of its files, as in
  ///   DeepFaceLab; or a `.pak` file.
  /// - Throws: `fileNotFound` and `inputOutput`; `invalidArgument` where no face can be used, with the first reason;
  ///   for a faceset file that cannot be read what `Faceset.read` throws.
  package init(path: String) throws(LiaeError) {
    self.path = path
    let report = SkipReport()
    let pak = "\(path)/\(Self.pakName)"
    var found: [SourceFace] = []
    if File.kind(path) == .folder, File.kind(pak) == nil {
      found = try Self.loose(path, report)
    } else {
      found = try Self.packed(File.kind(path) == .folder ? pak : path, report)
      if File.kind(path) == .folder { try Self.reportLoose(path, report) }
    }
    guard !found.isEmpty else {
      guard let first = report.faces.first else {
        throw LiaeError(
          .invalidArgument,
          "\(path): no aligned faces; expected .jpg or .png files of DeepFaceLab, or a \(Self.pakName)")
      }
      let all = report.faces.count == 1 ? "the only face cannot" : "none of \(report.faces.count) faces can"
      throw LiaeError(
        .invalidArgument, "\(path): \(all) be used; \(first.name): \(first.reason)")
    }
    faces = found
    self.report = report
  }

  /// The faces of several sources one after the other. Where there is more than one, a face's name is its path.
  ///
  /// - Parameter sources: at least one.
  package init(joining sources: [FacesetSource]) {
    let isNamed = sources.count > 1
    func name(_ source: FacesetSource, _ face: String) -> String { isNamed ? "\(source.path)/\(face)" : face }
    path = sources.map(\.path).joined(separator: ", ")
    report = SkipReport()
    faces = sources.flatMap { source in source.faces.map { $0.named(name(source, $0.name)) } }
    for source in sources {
      for face in source.skipped { report.add(name(source, face.name), face.reason) }
    }
  }

  /// Says that a face is not used after all.
  func skip(_ face: SourceFace, _ error: LiaeError) { report.add(face.name, error) }

  private static let pakName = "faceset.pak"
  private static func loose(_ folder: String, _ report: SkipReport) throws(LiaeError) -> [SourceFace] {
    var faces: [SourceFace] = []
    let files = PictureNames(try File.list(folder)).joiningFaces()
    for name in files.unreadable { report.add(name, "not read: \(PictureNames.remedy([name]))") }
    for (name, other) in files.repeated { report.add(name, "the same face as \(other), by its name") }
    for name in files.readable {
      let path = "\(folder)/\(name)"
      do throws(LiaeError) {
        let entry = try Faceset.Face(filename: name, jpeg: Bytes.read(path: path))
        faces.append(try SourceFace(entry, name: name, place: .file(path)))
      } catch {
        guard error.status != .outOfMemory else { throw error }
        report.add(name, error)
      }
    }
    return faces
  }

  /// Files beside a faceset file, which counts alone.
  private static func reportLoose(_ folder: String, _ report: SkipReport) throws(LiaeError) {
    let files = PictureNames(try File.list(folder)).joiningFaces()
    for name in files.readable + files.unreadable {
      report.add(name, "a loose file beside \(pakName), which counts alone")
    }
  }

  private static func packed(_ path: String, _ report: SkipReport) throws(LiaeError) -> [SourceFace] {
    var faces: [SourceFace] = []
    for entry in try Faceset.read(path: path).faces {
      let name = entry.personName.map { "\($0)/\(entry.filename)" } ?? entry.filename
      do throws(LiaeError) {
        faces.append(
          try SourceFace(
            entry, name: name, place: .part(jpeg: entry.jpeg, mask: entry.xsegMask, polygons: entry.polygons)))
      } catch {
        report.add(name, error)
      }
    }
    return faces.sorted { $0.name < $1.name }
  }
}

/// Filled by any thread; each face once.
private final class SkipReport: @unchecked Sendable {
  private let monitor = Monitor()
  private var list: [SkippedFace] = []

  var faces: [SkippedFace] { monitor.locked { list } }

  func add(_ name: String, _ error: LiaeError) {
    // The reason without the name that readers put before it.
    let prefix = "\(name): ".printable
    add(name, error.message.hasPrefix(prefix) ? String(error.message.dropFirst(prefix.count)) : error.message)
  }

  func add(_ name: String, _ reason: String) {
    monitor.locked {
      if !list.contains(where: { $0.name == name }) { list.append(SkippedFace(name: name, reason: reason)) }
    }
  }
}
