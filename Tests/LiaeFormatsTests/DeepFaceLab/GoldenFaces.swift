// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFormats
import LiaeSystem
import LiaeTestSupport
import Testing

/// The data that DeepFaceLab's own code reads from the files of `faces` in the golden data.
struct GoldenFaces: Decodable {
  struct Polygon: Decodable {
    let type: Int
    let pts: [[Float]]
  }
  struct Mask: Decodable {
    let format: String
    let bytes: Int
  }
  struct Face: Decodable {
    let shape: [Int]
    let face_type: String
    let landmarks: [[Double]]
    let source_filename: String
    let source_rect: [Int]?
    let source_landmarks: [[Double]]
    let image_to_face_mat: [[Double]]
    let eyebrows_expand_mod: Double
    let seg_ie_polys: [Polygon]
    let xseg_mask: Mask?
  }
  struct Sample: Decodable {
    let filename: String
    let person_name: String?
    let source_filename: String
    let face_type: Int
    let shape: [Int]
    let landmarks: [[Double]]
    let eyebrows_expand_mod: Double
    let has_xseg: Bool
    let n_polys: Int
    let jpeg_bytes: Int
    let jpeg_sha1: String
    /// The place in the file; the size of the last one is not to be used.
    let offset_size: [Int]
  }
  let faces: [String: Face]
  let paks: [String: [Sample]]?
  /// DeepFaceLab's treatment of each broken face, in words.
  let broken: [String: String]?

  static let chosen = Result { try GoldenSet.chosen.decoded(GoldenFaces.self, "faces/faces.json") }
  private static let found = try? chosen.get()
  static let names = (found?.faces ?? [:]).keys.sorted()
  static let pakNames = (found?.paks ?? [:]).keys.sorted()
  static let brokenNames = (found?.broken ?? [:]).keys.sorted()
  static let brokenPaks = GoldenSet.chosen.files("faces/broken", suffix: ".pak")
  /// Faces that another numpy wrote again, each with the name of the face that it says the same as.
  static let rewritten: [(file: String, original: String)] = GoldenSet.chosen.files("faces/py311", suffix: ".jpg")
    .compactMap { file in
      // The longest name counts, where one is the beginning of another.
      let original = names.filter { file.hasPrefix($0.dropLast(4)) }.max { $0.count < $1.count }
      return original.map { (file, $0) }
    }

  /// A file of `faces` in the chosen set.
  static func file(_ name: String) throws -> Bytes { try Bytes.read(path: GoldenSet.chosen.path("faces/\(name)")) }

  /// The metadata of such a file.
  static func metadata(_ name: String) throws -> FaceMetadata {
    try #require(try FaceImage.readMetadata(try file(name), name: name), "\(name): no metadata")
  }
}

func pairs(_ points: [SIMD2<Double>]?) -> [[Double]]? { points.map { $0.map { [$0.x, $0.y] } } }

extension FaceMetadata {
  static func of(_ file: String) throws -> FaceMetadata {
    try #require(try FaceImage.readMetadata(golden("faces/\(file)"), name: file))
  }

  /// Tells whether two faces say the same, mask included.
  func expectEqual(_ other: FaceMetadata, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(faceType == other.faceType, sourceLocation: sourceLocation)
    #expect(landmarks == other.landmarks, sourceLocation: sourceLocation)
    #expect(sourceFilename == other.sourceFilename, sourceLocation: sourceLocation)
    #expect(sourceRect == other.sourceRect, sourceLocation: sourceLocation)
    #expect(sourceLandmarks == other.sourceLandmarks, sourceLocation: sourceLocation)
    #expect(imageToFaceMatrix == other.imageToFaceMatrix, sourceLocation: sourceLocation)
    #expect(xsegMask?.array == other.xsegMask?.array, sourceLocation: sourceLocation)
    #expect(polygons == other.polygons, sourceLocation: sourceLocation)
    #expect(eyebrowExpansion == other.eyebrowExpansion, sourceLocation: sourceLocation)
  }
}

/// Tests/python/dfl_rules.py: DeepFaceLab's rules in a language and a pickle that are not ours.
enum DeepFaceLabRules {
  /// A Python with numpy, or nil.
  static let python: String? = {
    let root = testsFolder.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    let candidates = ["\(root)/build/venv/bin/python"] + folders.map { "\($0)/python3" }
    return candidates.first { path in
      FileManager.default.isExecutableFile(atPath: path) && (try? run(path, ["-c", "import numpy"]))?.status == 0
    }
  }()

  private static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, out: Data, err: Data) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let (out, err) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (out, err)
    try process.run()
    let data = out.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, data, err.fileHandleForReading.readDataToEndOfFile())
  }

  struct Face: Decodable {
    let shape: [Int]
    let face_type: String
    let landmarks: [[Double]]
    let source_filename: String?
    let source_rect: [Int]?
    let source_landmarks: [[Double]]?
    let image_to_face_mat: [[Double]]?
    let eyebrows_expand_mod: Double
    let seg_ie_polys: [GoldenFaces.Polygon]
    let xseg_mask: Data?
  }
  struct Sample: Decodable {
    let filename: String
    let person_name: String?
    let source_filename: String?
    let sample_type: Int
    let face_type: Int
    let shape: [Int]
    let landmarks: [[Double]]
    let eyebrows_expand_mod: Double
    let seg_ie_polys: [GoldenFaces.Polygon]
    let xseg_mask: Data?
    let jpeg_sha1: String
  }

  /// Returns the faces that the rules make of aligned faces.
  static func faces(_ files: [String]) throws -> [Face] { try read("face", files) }

  /// Returns the samples that they make of a faceset.
  static func samples(_ file: String) throws -> [Sample] { try read("pak", [file]) }

  private static func read<T: Decodable>(_ kind: String, _ files: [String]) throws -> [T] {
    let done = try run(#require(python), ["\(testsFolder)/python/dfl_rules.py", kind] + files)
    try #require(done.status == 0, "\(String(decoding: done.err, as: UTF8.self))")
    // JSONSerialization would be off by an ulp here and there.
    return try done.out.split(separator: 10).map { try JSONDecoder().decode(T.self, from: $0) }
  }
}
