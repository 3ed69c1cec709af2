// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFormats
import LiaeSystem
import Testing

/// Marker and payload of the segments before the picture, and the rest.
func segments(_ file: [UInt8]) -> (segments: [(marker: UInt8, payload: [UInt8])], rest: [UInt8]) {
  var found: [(marker: UInt8, payload: [UInt8])] = []
  var position = 2
  while file[position + 1] != 0xda {
    let length = Int(file[position + 2]) << 8 | Int(file[position + 3])
    found.append((file[position + 1], Array(file[position + 4..<position + 2 + length])))
    position += 2 + length
  }
  return (found, Array(file[position...]))
}

@Suite struct FaceEmbeddingTests {
  private let xmp = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>"

  @Test func metadataStandsWhereDeepFaceLabPutsIt() throws {
    let face = try FaceMetadata.of("aligned/00001_0.jpg")
    let jpeg = try golden("faces/broken/no_dfl_metadata.jpg")
    let original = try golden("faces/aligned/00001_0.jpg").array
    #expect(segments(original).segments.prefix(3).map(\.marker) == [0xe0, 0xef, 0xdb])
    let once = try FaceImage.embed(face, in: jpeg, name: "face", xmp: nil)
    #expect(segments(once.array).segments.map(\.marker) == segments(original).segments.map(\.marker))
    let marked = try FaceImage.embed(face, in: once, name: "face", xmp: xmp)
    #expect(segments(marked.array).segments.prefix(4).map(\.marker) == [0xe0, 0xe1, 0xef, 0xdb])
    // Again: nothing is added, a packet without a successor stays, one with a successor goes.
    #expect(try FaceImage.embed(face, in: marked, name: "face", xmp: nil).array == marked.array)
    #expect(try FaceImage.embed(face, in: marked, name: "face", xmp: xmp).array == marked.array)
    let other = try FaceImage.embed(face, in: marked, name: "face", xmp: xmp + " ")
    #expect(other.count == marked.count + 1)
    let packet = segments(other.array).segments[1].payload
    #expect(packet == Array("http://ns.adobe.com/xap/1.0/\0\(xmp) ".utf8))
  }

  @Test func fullSegment() throws {
    var face = try FaceMetadata.of("aligned/00005_0.jpg")
    let jpeg = try golden("faces/broken/no_dfl_metadata.jpg")
    func size(_ file: Bytes) -> Int { segments(file.array).segments[1].payload.count }
    face.xsegMask = try Bytes.allocate(50_000)
    let around = size(try FaceImage.embed(face, in: jpeg, name: "lie", xmp: nil)) - 50_000
    face.xsegMask = try Bytes.allocate(65_533 - around)
    let full = try FaceImage.embed(face, in: jpeg, name: "lie", xmp: nil)
    #expect(size(full) == 65_533)
    try #require(try FaceImage.readMetadata(full, name: "full")).expectEqual(face)
    face.xsegMask = try Bytes.allocate(65_533 - around + 1)
    expectRefusal(.limitExceeded, "65534 bytes", "its mask", "65533") {
      _ = try FaceImage.embed(face, in: jpeg, name: "lie", xmp: nil)
    }
    expectRefusal(.limitExceeded, "XMP packet of 65505 bytes") {
      let packet = String(repeating: "x", count: 65_505)
      _ = try FaceImage.embed(FaceMetadata.of("aligned/00005_0.jpg"), in: jpeg, name: "lie", xmp: packet)
    }
  }

  @Test func picturesThatDeepFaceLabDoesNotRead() throws {
    let face = try FaceMetadata.of("aligned/00005_0.jpg")
    let good = try golden("faces/broken/no_dfl_metadata.jpg").array
    func refused(_ words: String, _ status: Status = .unsupported, _ change: (inout [UInt8]) -> Void) throws {
      var bad = good
      change(&bad)
      let bytes = try Bytes.of(bad)
      expectRefusal(status, words) { _ = try FaceImage.embed(face, in: bytes, name: "lie", xmp: nil) }
    }
    try refused("restart interval") { $0.insert(contentsOf: [0xff, 0xdd, 0, 4, 0, 1], at: 2) }
    try refused("APP0 segment that is not JFIF") { $0[6] = UInt8(ascii: "E") }
    try refused("neither baseline nor progressive") { bytes in
      bytes.firstIndex(ofPattern: [0xff, 0xc0]).map { bytes[$0 + 1] = 0xc1 }
    }
    try refused("no frame header") { bytes in bytes.firstIndex(ofPattern: [0xff, 0xc0]).map { bytes[$0 + 1] = 0xe4 } }
    try refused("no end of the picture") { $0.removeLast() }
    try refused("3 bytes behind the end") { $0 += [1, 2, 3] }
    try refused("marker ff d8", .corruptFile) { $0.insert(contentsOf: [0xff, 0xd8], at: 2) }
    try refused("claims a length of 1", .corruptFile) { $0.insert(contentsOf: [0xff, 0xe3, 0, 1], at: 2) }
  }

  @Test func metadataThatNoReaderTakes() throws {
    let good = try FaceMetadata.of("aligned/00002_0.jpg")
    let jpeg = try golden("faces/broken/no_dfl_metadata.jpg")
    func refused(_ words: String, _ change: (inout FaceMetadata) -> Void) {
      var face = good
      change(&face)
      expectRefusal(.invalidArgument, words) { _ = try FaceImage.embed(face, in: jpeg, name: "lie", xmp: nil) }
    }
    refused("face type whole") { $0.faceType = "whole" }
    refused("67 landmarks") { $0.landmarks.removeLast() }
    refused("0 landmarks") { $0.sourceLandmarks = [] }
    refused("not finite") { $0.landmarks[3].x = .nan }
    refused("3 numbers") { $0.sourceRect = [1, 2, 3] }
    refused("6 finite") { $0.imageToFaceMatrix = [1, 2, 3, 4, 5, .infinity] }
    refused("polygon") { $0.polygons[0].points[0].y = .nan }
    refused("eyebrows") { $0.eyebrowExpansion = .infinity }
  }

}

extension Array where Element == UInt8 {
  /// Returns where `pattern` stands first.
  fileprivate func firstIndex(ofPattern pattern: [UInt8]) -> Int? {
    indices.first { self[$0...].starts(with: pattern) }
  }
}
