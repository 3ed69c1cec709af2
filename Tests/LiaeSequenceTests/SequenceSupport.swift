// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFormats
import LiaeFrame
import LiaeGraph
import LiaeImageIO
import LiaeRuntime
import LiaeSequence
import LiaeSwap
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// The error that `body` ends with; nil where it ends well.
func failure(_ body: () throws -> Void) -> LiaeError? {
  do {
    try body()
    return nil
  } catch { return error as? LiaeError ?? LiaeError(.internalError, "\(error)") }
}

/// Frames and faces of Tests/golden/faces.
enum GoldenFaces {
  static let folder = GoldenSet.repository.path("faces")
  static let frames = "\(folder)/frames"
  static let aligned = "\(folder)/aligned"
  static let stems = (1...7).map { "0000\($0)" }

  /// The data that DeepFaceLab's code reads from an aligned face.
  struct Face: Decodable {
    let source_landmarks: [[Double]]
    let image_to_face_mat: [[Double]]

    var points: [Point] { source_landmarks.map { Point($0[0], $0[1]) } }
  }
  private struct File: Decodable { let faces: [String: Face] }

  /// The face of a frame.
  static func face(_ stem: String) throws -> Face {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/faces.json"))
    return try #require(try JSONDecoder().decode(File.self, from: data).faces["\(stem)_0.jpg"])
  }
}

extension Plan {
  static func golden(_ name: String = "liae-udt") throws -> Plan {
    try Plan(model: GoldenNetwork.repository(name).model())
  }
}

extension MergeSettings {
  /// The golden networks' weights are random: a mask that does not come from them, with soft edges.
  static func usual(_ change: (inout MergeSettings) -> Void = { _ in }) -> MergeSettings {
    var settings = MergeSettings()
    (settings.options.maskMode, settings.options.blur, settings.faceType) = (.destination, 20, .whole)
    change(&settings)
    return settings
  }
}

/// The notices of a sequence.
final class Log: @unchecked Sendable {
  private let monitor = Monitor()
  private var allNotices: [SequenceNotice] = []
  private var allProgress: [SequenceProgress] = []
  private let last: Int?
  private let flag: CancelFlag?

  /// - Parameters:
  ///   - last: items after which the work is cancelled; nil: it is not.
  ///   - flag: is set then, in place of an answer to the observer's question.
  init(cancelledAfter last: Int? = nil, by flag: CancelFlag? = nil) { (self.last, self.flag) = (last, flag) }

  var notices: [SequenceNotice] { monitor.locked { allNotices } }
  var messages: [String] { notices.map(\.message) }
  var progress: [SequenceProgress] { monitor.locked { allProgress } }

  private var isAtTheEnd: Bool {
    monitor.locked { last.map { (allProgress.last?.finished ?? 0) >= $0 } ?? false }
  }

  var observer: SequenceObserver {
    SequenceObserver(
      notice: { notice in self.monitor.locked { self.allNotices.append(notice) } },
      progress: { progress in
        self.monitor.locked { self.allProgress.append(progress) }
        if self.isAtTheEnd { self.flag?.set() }
      },
      isCancelled: { self.flag == nil && self.isAtTheEnd })
  }
}

/// A merge of the golden frames into folders of its own.
struct GoldenMerge {
  let folder: TemporaryFolder
  let frames: FrameFolder
  var settings = MergeSettings.usual()
  var plan: Plan
  var faces: [Int: [DetectedFace]]
  var masks: String?
  var parallelism = Parallelism.frame
  var threads = 2
  var format = MergeOutput.Format.png
  var provenance: Provenance?

  /// - Parameter frames: folder of the frames; nil: the golden ones.
  init(_ folder: TemporaryFolder, frames path: String? = nil) throws {
    self.folder = folder
    frames = try FrameFolder(path ?? GoldenFaces.frames)
    plan = try .golden()
    faces = try FaceIndex(.aligned(GoldenFaces.aligned), place: frames.place).faces
  }

  var output: MergeOutput {
    MergeOutput(
      folder: folder("out"), maskFolder: folder("out_mask"), format: format, quality: 95, provenance: provenance)
  }
  var timeline: FaceTimeline { FaceTimeline(faces, settings: settings, rate: 25, count: frames.frames.count) }

  func session(replacing: Bool = false) throws -> MergeSession {
    try MergeSession(
      frames: frames, output: output,
      contents: .init(settings: settings, plan: plan, timeline: timeline, masks: masks), replacing: replacing)
  }

  /// Merges as the program does.
  func run(replacing: Bool = false, export: FaceExport? = nil, _ log: Log = Log()) throws -> MergeReport {
    let pool = try FrameWorkerPool(
      plan, settings: settings, threads: threads, parallelism: parallelism, frames: frames.frames.count,
      computesAllMasks: export != nil)
    let session = try session(replacing: replacing)
    try session.begin(export: export)
    let merge = FolderMerge(
      frames: frames, timeline: timeline, pool: pool, output: output, export: export, masks: masks)
    return try merge.run(resumes: session.isResumed, observer: log.observer)
  }

  /// The bytes of all files of the two folders, by `out/NAME` and `out_mask/NAME`.
  var files: [String: Bytes] {
    get throws {
      var result: [String: Bytes] = [:]
      for name in ["out", "out_mask"] where File.kind(folder(name)) == .folder {
        for file in try File.list(folder(name)) {
          result["\(name)/\(file)"] = try Bytes.read(path: folder("\(name)/\(file)"))
        }
      }
      return result
    }
  }

  /// The frame and the mask that `FrameSwapper` makes of a frame of the folder.
  func swapped(_ place: Int, _ options: CompositeOptions) throws -> (frame: Picture, mask: Picture) {
    let picture = try Picture.read(path: frames.frames[place].path)
    let result = try Picture(width: picture.width, height: picture.height, format: .rgb8)
    let mask = try Picture(width: picture.width, height: picture.height, format: .gray8)
    let context = try Context(plan: plan, options: ContextOptions())
    let found = try (faces[place] ?? []).map {
      var face = FrameFace(landmarks: try Landmarks($0.points), context: context)
      face.type = settings.faceType
      return face
    }
    try FrameSwapper(options: options, mode: settings.runMode).swap(
      picture.view, found, into: result.mutableView, mask: mask.mutableView)
    withExtendedLifetime((picture, result, mask)) {}
    return (result, mask)
  }
}

/// The pixels of a picture file.
func pixels(_ path: String) throws -> [UInt8] { pixels(try Picture.read(path: path)) }

func pixels(_ picture: Picture) -> [UInt8] {
  defer { withExtendedLifetime(picture) {} }
  return Array(picture.storage.raw)
}

/// Files by name, as bytes to compare.
func contents(_ files: [String: Bytes]) -> [String: [UInt8]] {
  files.mapValues { file in withExtendedLifetime(file) { Array(file.raw) } }
}

/// A PNG of one gray.
func writeGray(_ level: UInt8, width: Int, height: Int, to path: String) throws {
  let picture = try Picture(width: width, height: height, format: .rgb8)
  let bytes = UnsafeMutableRawPointer(picture.mutableView.base)
  bytes.initializeMemory(as: UInt8.self, repeating: level, count: width * height * 3)
  withExtendedLifetime(picture) {}
  try picture.writePNG(to: path, provenance: nil, replacing: true)
}
