// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFormats
import LiaeSystem
import Testing

/// What DeepFaceLab's own code reads from the files of Tests/golden/faces.
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
  let paks: [String: [Sample]]

  static func read() throws -> GoldenFaces {
    try JSONDecoder().decode(
      GoldenFaces.self, from: Data(contentsOf: URL(fileURLWithPath: "\(testsFolder)/golden/faces/faces.json")))
  }

  static let names = (1...7).map { "0000\($0)_0.jpg" }
}

func pairs(_ points: [SIMD2<Double>]?) -> [[Double]]? { points.map { $0.map { [$0.x, $0.y] } } }

extension FaceMetadata {
  static func of(_ file: String) throws -> FaceMetadata {
    try #require(try FaceImage.readMetadata(golden("faces/\(file)"), name: file))
  }

  /// Whether two faces say the same, mask included.
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

  /// What the rules make of aligned faces.
  static func faces(_ files: [String]) throws -> [Face] { try read("face", files) }

  /// What they make of a faceset.
  static func samples(_ file: String) throws -> [Sample] { try read("pak", [file]) }

  private static func read<T: Decodable>(_ kind: String, _ files: [String]) throws -> [T] {
    let done = try run(#require(python), ["\(testsFolder)/python/dfl_rules.py", kind] + files)
    try #require(done.status == 0, "\(String(decoding: done.err, as: UTF8.self))")
    // JSONSerialization would be off by an ulp here and there.
    return try done.out.split(separator: 10).map { try JSONDecoder().decode(T.self, from: $0) }
  }
}
