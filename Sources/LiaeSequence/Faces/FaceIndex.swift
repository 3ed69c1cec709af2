// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeSystem

/// The faces of each frame of a sequence, read from DeepFaceLab's aligned faces or from a landmarks file.
package struct FaceIndex {
  /// By the frame's place in the sequence, from 0.
  package private(set) var faces: [Int: [DetectedFace]] = [:]
  /// How many files could not be read; `notices` names them.
  package private(set) var failures = 0
  /// Inputs that were left out, and why.
  package private(set) var notices: [SequenceNotice] = []
  private let place: (LandmarksFile.FrameName) -> Int?

  /// - Parameter place: of a frame in the sequence, or nil where there is none.
  /// - Throws: where the folder or the file as a whole cannot be read.
  package init(_ source: FaceSource, place: @escaping (LandmarksFile.FrameName) -> Int?) throws(LiaeError) {
    self.place = place
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

  /// Faces whose frames a sequence of `frames` does not have, where that is known at its end only.
  package func notice(ofFacesPast frames: Int) -> SequenceNotice? {
    let past = faces.filter { $0.key >= frames }.sorted { $0.key < $1.key }.flatMap(\.value)
    return past.first.map { .pastEnd(first: $0.origin, count: past.count, frames: frames) }
  }

  /// Files without metadata, and faces without a frame.
  private struct LeftOut {
    var withoutMetadata: [String] = []
    var withoutFrame: [(origin: String, frame: String)] = []
  }

  private mutating func add(_ face: DetectedFace, to frame: LandmarksFile.FrameName, _ leftOut: inout LeftOut) {
    if let place = place(frame) {
      faces[place, default: []].append(face)
    } else {
      switch frame {
      case .name(let name): leftOut.withoutFrame.append((face.origin, name))
      case .index(let index): leftOut.withoutFrame.append((face.origin, "number \(index)"))
      }
    }
  }

  private mutating func readAligned(_ path: String, _ leftOut: inout LeftOut) throws(LiaeError) {
    if File.kind(path) != .folder { return try readFaceset(path, &leftOut) }
    let names = try File.list(path)
    if names.contains("faceset.pak") { return try readFaceset("\(path)/faceset.pak", &leftOut) }
    let images = names.filter { !$0.hasPrefix(".") && $0.hasSuffix(".jpg") }
    guard !images.isEmpty else {
      throw LiaeError(.fileNotFound, "\(path): the folder holds no .jpg file and no faceset.pak")
    }
    for name in images {
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
