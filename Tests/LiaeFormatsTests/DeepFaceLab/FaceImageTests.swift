// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFormats
import LiaeSystem
import LiaeTensor
import Testing

/// The files of golden/faces/broken run `touch` of this where somebody unpickles them.
private let mark = "/tmp/PWNED_by_dfl_pickle"

@Suite struct FaceImageTests {
  @Test(arguments: [
    ("truncated_in_metadata.jpg", Status.corruptFile, "file ends inside segment ff ef"),
    ("wrong_chunk_length_long.jpg", .corruptFile, "marker"),
    ("wrong_chunk_length_short.jpg", .corruptFile, "marker"),
    ("evil_pickle_os_system.jpg", .unsafeFile, "posix.system"),
    ("evil_pickle_builtins_eval_proto4.jpg", .unsafeFile, "builtins.eval"),
  ])
  func refusesWhatIsBroken(_ file: String, _ status: Status, _ words: String) throws {
    let bytes = try golden("faces/broken/\(file)")
    expectRefusal(status, words) { _ = try FaceImage.readMetadata(bytes, name: "lie") }
    #expect(!FileManager.default.fileExists(atPath: mark))
  }

  @Test func metadataOfATruncatedPicture() throws {
    try FaceMetadata.of("broken/truncated_in_scan.jpg").expectEqual(try FaceMetadata.of("aligned/00001_0.jpg"))
  }

  @Test func noFace() throws {
    #expect(try FaceImage.readMetadata(golden("faces/broken/no_dfl_metadata.jpg"), name: "plain") == nil)
    let empty = try jpeg(with: PickleWriter.serialize(.dictionary([]), protocol: 4).joined().array)
    #expect(try FaceImage.readMetadata(empty, name: "empty") == nil)
    let png = try golden("faces/xseg_00001_0.png")
    #expect(try FaceImage.readMetadata(png, name: "png") == nil)
    let text = try Array("<html>".utf8).withUnsafeBytes { try Bytes.copy($0) }
    expectRefusal(.unknownFormat, "no JPEG or PNG file") { _ = try FaceImage.readMetadata(text, name: "lie") }
  }

  // MARK: - Metadata of other forms

  /// A JPEG without metadata, and these bytes as its APP15 segments.
  private func jpeg(with payloads: [UInt8]...) throws -> Bytes {
    var file = try golden("faces/broken/no_dfl_metadata.jpg").array
    for payload in payloads.reversed() {
      let length = payload.count + 2
      file.insert(contentsOf: [0xff, 0xef, UInt8(length >> 8), UInt8(length & 0xff)] + payload, at: 2)
    }
    return try Bytes.of(file)
  }

  private func read(_ dictionary: [(PickleValue, PickleValue)]) throws -> FaceMetadata? {
    let pairs = dictionary.map { (key: $0.0, value: $0.1) }
    let file = try jpeg(with: PickleWriter.serialize(.dictionary(pairs), protocol: 4).joined().array)
    return try FaceImage.readMetadata(file, name: "lie")
  }

  private let points = PickleValue.list((0..<68).map { .list([.int($0), .float(Double($0) / 4)]) })

  private func array<T: BitwiseCopyable>(_ values: [T], _ dtype: DType, _ shape: [Int]) throws -> PickleValue {
    let storage = try values.withUnsafeBytes { try Bytes.copy($0) }
    return .tensor(try TensorView(dtype: dtype, shape: shape, storage: storage))
  }

  @Test func otherFormsOfTheSame() throws {
    let flat = (0..<68).flatMap { [Float($0), Float($0) / 4] }
    let pts = try array([1, 2, 3, 4.5] as [Float], .float32, [2, 2])
    let face = try #require(
      try read([
        (.string("landmarks"), try array(flat, .float32, [68, 2])),
        (.string("source_landmarks"), points),
        (.string("source_rect"), try array([1, -2, 3, 4] as [Int32], .int32, [4])),
        (
          .string("image_to_face_mat"),
          .list([.list([.float(1), .int(0), .float(2)]), .tuple([.int(0), .int(1), .int(3)])])
        ),
        (.string("xseg_mask"), try array([9, 8, 7] as [UInt8], .uint8, [3])),
        (
          .string("seg_ie_polys"),
          .list([.tuple([.int(1), pts]), .tuple([.int(0), .list([.tuple([.int(5), .int(6)])])])])
        ),
        (.string("eyebrows_expand_mod"), .none),
        (.string("relighted"), .bool(true)),
        (.string("fanseg_mask"), .none),
      ]))
    #expect(face.faceType == "full_face")
    #expect(face.landmarks == (0..<68).map { SIMD2(Double($0), Double($0) / 4) })
    #expect(face.sourceLandmarks == face.landmarks)
    #expect(face.sourceRect == [1, -2, 3, 4])
    #expect(face.imageToFaceMatrix == [1, 0, 2, 0, 1, 3])
    #expect(face.xsegMask?.array == [9, 8, 7])
    #expect(
      face.polygons == [
        .init(isIncluded: true, points: [[1, 2], [3, 4.5]]), .init(isIncluded: false, points: [[5, 6]]),
      ])
    #expect(face.eyebrowExpansion == nil && face.sourceFilename == nil)
  }

  @Test func theLastSegmentCounts() throws {
    let last = try PickleWriter.serialize(.dictionary([(.string("landmarks"), points)]), protocol: 2).joined().array
    #expect(try FaceImage.readMetadata(jpeg(with: [0x80, 3], last), name: "two")?.faceType == "full_face")
  }

  @Test func lies() throws {
    let good = (PickleValue.string("landmarks"), points)
    func refused(_ key: String, _ value: PickleValue, _ words: String, with more: [(PickleValue, PickleValue)]) {
      expectRefusal(.corruptFile, words) { _ = try read([(.string(key), value)] + more) }
    }
    func refused(_ key: String, _ value: PickleValue, _ words: String) { refused(key, value, words, with: [good]) }
    refused("face_type", .string("full\nface"), "expected one of half_face")
    refused("face_type", .int(3), "face_type is an integer")
    refused("face_type", .string("head"), "no landmarks", with: [])
    refused("landmarks", .list([]), "0 points; expected 68", with: [])
    refused("landmarks", .list(.init(repeating: .int(1), count: 68)), "point 0 of landmarks", with: [])
    refused("landmarks", .list(.init(repeating: .list([.float(.nan), .int(1)]), count: 68)), "no place", with: [])
    refused("landmarks", .string("68"), "landmarks is a text", with: [])
    refused("source_landmarks", try array([Double](repeating: .infinity, count: 136), .float64, [68, 2]), "no place")
    refused("source_landmarks", try array([Double](repeating: 0, count: 136), .float64, [2, 68]), "expected points")
    refused("source_rect", .list([.int(1), .int(2), .int(3)]), "expected 4 finite numbers")
    refused("source_rect", .list([.int(1), .int(2), .int(3), .float(1e300)]), "no coordinate")
    refused("image_to_face_mat", try array([Double](repeating: .nan, count: 6), .float64, [2, 3]), "6 finite numbers")
    refused("xseg_mask", try array([1] as [Float], .float32, [1]), "expected bytes")
    refused("seg_ie_polys", .int(1), "expected a list")
    refused("seg_ie_polys", .list([.tuple([.int(2), points])]), "type 0 or 1")
    refused("seg_ie_polys", .dictionary([(.string("polys"), .list([.dictionary([])]))]), "type 0 or 1")
    refused("eyebrows_expand_mod", .string("1"), "a finite number")
    refused("source_filename", .int(1), "expected a text")
    let list = try jpeg(with: PickleWriter.serialize(.list([]), protocol: 4).joined().array)
    expectRefusal(.corruptFile, "is a dictionary, this one a list") {
      _ = try FaceImage.readMetadata(list, name: "lie")
    }
    let noPickle = try jpeg(with: Array("Ricoh".utf8))
    expectRefusal(.corruptFile) { _ = try FaceImage.readMetadata(noPickle, name: "lie") }
  }

  /// A list that is written once and mentioned a thousand times.
  @Test func repeatedPolygons() throws {
    var pickle: [UInt8] = [0x80, 2] + Array("}(U\u{9}landmarks".utf8)
    pickle = [0x80, 4] + Array("}(".utf8)
    func text(_ value: String) -> [UInt8] { [0x8c, UInt8(value.utf8.count)] + Array(value.utf8) }
    pickle += text("landmarks")
    let list = try PickleWriter.serialize(points, protocol: 4).joined().array
    pickle += list.dropFirst(2).dropLast() + text("seg_ie_polys")
    pickle += Array("](K\u{1}".utf8) + list.dropFirst(2).dropLast() + [0x86, 0x94]
    for _ in 0..<1000 { pickle += [UInt8(ascii: "h"), 0] }
    pickle += Array("eu.".utf8)
    let file = try jpeg(with: pickle)
    expectRefusal(.limitExceeded, "seg_ie_polys repeats points") { _ = try FaceImage.readMetadata(file, name: "lie") }
  }

  @Test func manySegments() throws {
    var file: [UInt8] = [0xff, 0xd8]
    for _ in 0...FormatLimits.jpegSegments { file += [0xff, 0xe2, 0, 2] }
    let bytes = try Bytes.of(file)
    expectRefusal(.limitExceeded, "segments") { _ = try FaceImage.readMetadata(bytes, name: "lie") }
  }
}
