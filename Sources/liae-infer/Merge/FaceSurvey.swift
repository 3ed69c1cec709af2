// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFormats
import LiaeFrame
import LiaeSystem

typealias FramePoint = LiaeFrame.Point

/// A face that somebody found in a frame.
struct FoundFace {
  /// In pixels of the frame.
  var points: [FramePoint]
  /// What messages call it.
  var origin: String
  /// Of an aligned file that has one.
  var xseg: StoredMask?
  /// The same number for the same face in frames that follow each other.
  var track = 0
  var motion = Motion()
}

/// Where faces are known from.
enum FaceSource {
  /// DeepFaceLab's faces: a folder of JPEG files or with a faceset.pak, or a .pak file.
  case aligned(String)
  /// A landmarks file.
  case landmarks(String)
}

/// The faces of each frame, by the frame's place in the sequence.
struct FaceSurvey {
  private(set) var faces: [Int: [FoundFace]] = [:]
  /// Files that could not be read, each with a message.
  private(set) var failures = 0
  private var strays: [(origin: String, frame: String)] = []
  private var withoutMetadata: [String] = []
  private let place: (LandmarksFile.FrameName) -> Int?

  /// - Parameter place: of a frame in the sequence, or nil where there is none.
  /// - Throws: where the folder or the file as a whole cannot be read.
  init(_ source: FaceSource, place: @escaping (LandmarksFile.FrameName) -> Int?) throws {
    self.place = place
    switch source {
    case .aligned(let path): try readAligned(path)
    case .landmarks(let path):
      let file = try Bytes.map(path: path)
      // Within a frame by the numbers that the file gives its faces, else by its lines.
      let order = try LandmarksFile.read(file, name: path).sorted {
        ($0.index ?? .max, $0.line) < ($1.index ?? .max, $1.line)
      }
      for face in order {
        add(FoundFace(points: face.points, origin: "\(path), line \(face.line)"), to: face.frame)
      }
    }
    if let first = withoutMetadata.first {
      Console.complain("\(first)\(others(withoutMetadata.count)): no DeepFaceLab metadata; left out")
    }
    if let first = strays.first {
      Console.complain("\(first.origin)\(others(strays.count)): there is no frame \(first.frame); left out")
    }
  }

  /// The sequence of numbered frames turned out to have `count`: says which faces are of none.
  func complainOfFacesPast(_ count: Int) {
    let past = faces.filter { $0.key >= count }.sorted { $0.key < $1.key }.flatMap(\.value)
    guard let first = past.first else { return }
    Console.complain("\(first.origin)\(others(past.count)): the video has \(count) frames; left out")
  }

  private func others(_ count: Int) -> String { count > 1 ? " and \(count - 1) more" : "" }

  private mutating func add(_ face: FoundFace, to frame: LandmarksFile.FrameName) {
    if let place = place(frame) {
      faces[place, default: []].append(face)
    } else {
      switch frame {
      case .name(let name): strays.append((face.origin, name))
      case .index(let index): strays.append((face.origin, "number \(index)"))
      }
    }
  }

  private mutating func readAligned(_ path: String) throws {
    if File.kind(path) != .folder { return try readFaceset(path) }
    let names = try File.list(path)
    if names.contains("faceset.pak") { return try readFaceset("\(path)/faceset.pak") }
    let images = names.filter { !$0.hasPrefix(".") && $0.hasSuffix(".jpg") }
    guard !images.isEmpty else { throw Failure(.files, "\(path): the folder holds no .jpg file and no faceset.pak") }
    for name in images {
      let file = "\(path)/\(name)"
      do throws(LiaeError) { try addImage(Bytes.map(path: file), path: file, file) } catch { report(error, file) }
    }
  }

  private mutating func readFaceset(_ path: String) throws {
    let faceset: Faceset
    do throws(LiaeError) { faceset = try Faceset.read(Bytes.map(path: path), name: path) } catch {
      // Of a file, not of the command line: a version that is not known.
      throw error.status == .unsupported ? Failure(.files, error.message) : error
    }
    for face in faceset.faces {
      let name = "\(path): \(face.personName.map { "\($0)/" } ?? "")\(face.filename)"
      do throws(LiaeError) { try addImage(face.jpeg, path: nil, name) } catch { report(error, name) }
    }
  }

  private mutating func report(_ error: LiaeError, _ name: String) {
    Console.complain(error.naming(name).message)
    failures += 1
  }

  private mutating func addImage(_ file: Bytes, path: String?, _ name: String) throws(LiaeError) {
    guard let metadata = try FaceImage.readMetadata(file, name: name) else { return withoutMetadata.append(name) }
    guard let frame = metadata.sourceFilename, let points = metadata.sourceLandmarks else {
      throw LiaeError(.corruptFile, "\(name): its metadata lack the frame's name or the landmarks in the frame")
    }
    add(
      FoundFace(points: points, origin: name, xseg: StoredMask(metadata, of: file, path: path, name: name)),
      to: .name(frame))
  }
}
