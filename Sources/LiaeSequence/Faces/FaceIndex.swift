// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSystem

/// The faces of each frame of a sequence, read from DeepFaceLab's aligned faces or from a landmarks file.
package struct FaceIndex {
  /// The faces by their frame's place in the sequence, from 0.
  package private(set) var faces: [Int: [DetectedFace]] = [:]
  /// The number of files that could not be read; `notices` names them.
  package private(set) var failures = 0
  /// Inputs that were left out, and why.
  package private(set) var notices: [SequenceNotice] = []
  /// The range of the numbers by which faces name their frames; nil: all of them use names.
  package private(set) var numbers: ClosedRange<Int>?
  /// Faces that were read, and those of them whose frame the sequence has.
  private var counts = (read: 0, placed: 0)
  private var firstLost: (origin: String, frame: String)?
  private let source: FaceSource
  private let place: (LandmarksFile.FrameName) -> Int?

  /// - Parameter place: of a frame in the sequence, or nil where there is none.
  /// - Throws: where the folder or the file as a whole cannot be read.
  package init(_ source: FaceSource, place: @escaping (LandmarksFile.FrameName) -> Int?) throws(LiaeError) {
    (self.source, self.place) = (source, place)
    var leftOut = LeftOut()
    switch source {
    case .aligned(let path): try readAligned(path, &leftOut)
    case .landmarks(let path):
      let file = try Bytes.read(path: path)
      // Within a frame by the numbers that the file gives its faces, else by its lines.
      let order = try LandmarksFile.read(file, name: path).sorted {
        ($0.index ?? .max, $0.line) < ($1.index ?? .max, $1.line)
      }
      for face in order {
        add(DetectedFace(points: face.points, origin: "\(path), line \(face.line)"), to: face.frame, &leftOut)
      }
    }
    if let first = leftOut.withoutMetadata.first {
      notices.append(.lackMetadata(first: first, count: leftOut.withoutMetadata.count))
    }
    if let first = leftOut.withoutFrame.first {
      notices.append(
        .lackFrame(first: first.origin, frame: first.frame, count: leftOut.withoutFrame.count))
    }
  }

  /// Files without metadata, and faces without a frame.
  private struct LeftOut {
    var withoutMetadata: [String] = []
    var withoutFrame: [(origin: String, frame: String)] = []
  }

  /// Returns a description of the mismatch where at least half of the faces belong to no frame, or there is no face.
  ///
  /// - Parameter frame: a frame of the sequence, for comparison.
  package func mismatch(frame: String) -> FaceMismatch? {
    guard counts.placed * 2 <= counts.read else { return nil }
    return FaceMismatch(
      source: source.path, faces: counts.read, placed: counts.placed, face: firstLost?.origin, wanted: firstLost?.frame,
      frame: frame)
  }

  private mutating func add(_ face: DetectedFace, to frame: LandmarksFile.FrameName, _ leftOut: inout LeftOut) {
    counts.read += 1
    let name: String
    var place = place(frame)
    switch frame {
    case .name(let text):
      // Some programs write a path, whose folders mean nothing here.
      let last = LandmarksFile.FrameName.baseName(text)
      if place == nil, last != text { place = self.place(.name(last)) }
      name = text
    case .index(let index):
      numbers = min(numbers?.lowerBound ?? index, index)...max(numbers?.upperBound ?? index, index)
      name = "number \(index)"
    }
    if let place {
      counts.placed += 1
      faces[place, default: []].append(face)
    } else {
      firstLost = firstLost ?? (face.origin, name)
      leftOut.withoutFrame.append((face.origin, name))
    }
  }

  private mutating func readAligned(_ path: String, _ leftOut: inout LeftOut) throws(LiaeError) {
    if File.kind(path) != .folder { return try readFaceset(path, &leftOut) }
    let names = try File.list(path)
    let files = PictureNames(names).joiningFaces()
    if names.contains("faceset.pak") {
      let loose = files.readable + files.repeated.map(\.name) + files.unreadable
      if !loose.isEmpty {
        notices.append(.besideFaceset(path: "\(path)/faceset.pak", counts: PictureNames.counts(loose)))
      }
      return try readFaceset("\(path)/faceset.pak", &leftOut)
    }
    if let first = files.unreadable.first {
      notices.append(.unreadable(first: "\(path)/\(first)", files.unreadable))
    }
    if let (first, other) = files.repeated.first {
      notices.append(.repeatedFaces(first: "\(path)/\(first)", other: other, count: files.repeated.count))
    }
    guard !files.readable.isEmpty else {
      let unreadable = files.unreadable
      let others =
        unreadable.isEmpty
        ? "" : "; \(PictureNames.counts(unreadable)) are not read: \(PictureNames.remedy(unreadable))"
      throw LiaeError(.fileNotFound, "\(path): the folder holds no .jpg or .png file and no faceset.pak\(others)")
    }
    for name in files.readable {
      let file = "\(path)/\(name)"
      do throws(LiaeError) { try addImage(nil, file, &leftOut) } catch {
        leaveOut(error, file)
      }
    }
  }

  private mutating func readFaceset(_ path: String, _ leftOut: inout LeftOut) throws(LiaeError) {
    let faceset: Faceset
    do throws(LiaeError) { faceset = try Faceset.read(path: path) } catch {
      // A version that is not known is a matter of the file, not of the call.
      throw error.status == .unsupported ? LiaeError(.unknownFormat, error.message) : error
    }
    for face in faceset.faces {
      let name = "\(path): \(face.personName.map { "\($0)/" } ?? "")\(face.filename)"
      do throws(LiaeError) { try addImage(face.jpeg, name, &leftOut) } catch { leaveOut(error, name) }
    }
  }

  private mutating func leaveOut(_ error: LiaeError, _ name: String) {
    notices.append(.failed(error.naming(name)))
    failures += 1
  }

  /// - Parameter part: of a faceset; nil: `name` is the path of a file of its own.
  private mutating func addImage(_ part: StoredBytes?, _ name: String, _ leftOut: inout LeftOut) throws(LiaeError) {
    let file = if let part { try part.read() } else { try Bytes.read(path: name) }
    guard let metadata = try FaceImage.readMetadata(file, name: name) else {
      leftOut.withoutMetadata.append(name)
      return
    }
    guard let frame = metadata.sourceFilename, let points = metadata.sourceLandmarks else {
      throw LiaeError(.corruptFile, "\(name): its metadata lack the frame's name or the landmarks in the frame")
    }
    let mask = StoredMask(metadata, of: part, name: name)
    add(DetectedFace(points: points, origin: name, xseg: mask), to: .name(frame), &leftOut)
  }
}
