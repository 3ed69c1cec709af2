// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFormats
import LiaeImageIO
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// A file of Tests/golden/faces.
private func golden(_ name: String) throws -> Bytes { try Bytes.read(path: GoldenSet.repository.path("faces/\(name)")) }

/// Marker and payload of each segment before the picture.
private func segments(_ file: Bytes) -> [(marker: UInt8, payload: [UInt8])] {
  let bytes = file.array
  var found: [(marker: UInt8, payload: [UInt8])] = []
  var position = 2
  while bytes[position + 1] != 0xda {
    let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
    found.append((bytes[position + 1], Array(bytes[position + 4..<position + 2 + length])))
    position += 2 + length
  }
  return found
}

private func kind(_ file: Bytes) -> PictureFileKind? { withExtendedLifetime(file) { PictureFileKind(file.raw) } }

/// Gray noise of a fixed seed.
private func noise(_ width: Int, _ height: Int) throws -> Picture {
  var state: UInt64 = 1
  let values = (0..<width * height).map { _ -> Float in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(state >> 40) / Float(1 << 24)
  }
  return try Picture(width: width, height: height, format: .grayFloat, values: values)
}

private func largestDistance(_ a: Picture, _ b: Picture) -> Int {
  zip(a.elements, b.elements).map { abs(Int($0) - Int($1)) }.max() ?? 0
}

@Suite struct JPEGWriteTests {
  private let provenance = Provenance(sourceType: .compositeWithTrainedAlgorithmicMedia, creatorTool: "libliae 0.1.0")

  /// The golden faces were written by OpenCV with quality 90: all that describes the picture is the same.
  @Test func tablesAndFrameOfOpenCV() throws {
    let original = try golden("aligned/00001_0.jpg")
    let again = try Picture.decode(original, name: "face").encodedJPEG(quality: 90, provenance: nil)
    let (expected, found) = (segments(original).filter { $0.marker != 0xef }, segments(again))
    #expect(found.map(\.marker) == expected.map(\.marker))
    for (a, b) in zip(found, expected) { #expect(a.payload == b.payload, "segment \(a.marker)") }
  }

  @Test func roundTrip() throws {
    let face = try Picture.decode(golden("aligned/00001_0.jpg"), name: "face")
    for format in [PixelFormat.rgbFloat, .bgrFloat, .grayFloat, .rgba8] {
      let source = try face.converted(to: format)
      let file = try source.encodedJPEG(quality: 100, provenance: provenance)
      let back = try Picture.decode(file, name: "round trip")
      #expect(back.format == (format == .grayFloat ? .gray8 : .rgb8))
      let same = try source.converted(to: back.format)
      // The picture has been through a JPEG already, so that little is lost.
      #expect(largestDistance(back, same) <= 12, "\(format)")
      #expect(try source.encodedJPEG(quality: 100, provenance: provenance).array == file.array)
    }
  }

  /// Noise at the best quality: the file outgrows the encoder's first buffer many times.
  @Test func largeFile() throws {
    let noise = try noise(1000, 700)
    let file = try noise.encodedJPEG(quality: 100, provenance: nil)
    #expect(file.count > 500_000)
    #expect(largestDistance(try Picture.decode(file, name: "noise"), try noise.converted(to: .gray8)) <= 4)
  }

  @Test func provenanceStandsBehindJFIF() throws {
    let picture = try Picture(width: 16, height: 9, format: .rgb8)
    let marked = segments(try picture.encodedJPEG(quality: 90, provenance: provenance))
    #expect(marked.prefix(3).map(\.marker) == [0xe0, 0xe1, 0xdb])
    #expect(marked[1].payload == Array("http://ns.adobe.com/xap/1.0/\0\(provenance.xmp)".utf8))
    #expect(!segments(try picture.encodedJPEG(quality: 90, provenance: nil)).map(\.marker).contains(0xe1))
  }

  @Test func badQuality() throws {
    let picture = try Picture(width: 1, height: 1, format: .gray8)
    for quality in [Int.min, 0, 101, Int.max] {
      #expect { _ = try picture.encodedJPEG(quality: quality, provenance: nil) } throws: {
        ($0 as? LiaeError)?.status == .invalidArgument
      }
    }
  }

  @Test func filesAreWrittenWholeOrNotAtAll() throws {
    let folder = try TemporaryFolder()
    let picture = try Picture(width: 20, height: 10, format: .rgb8)
    try picture.writeJPEG(to: folder("a.jpg"), quality: 90, provenance: provenance, replacing: false)
    #expect(throws: LiaeError.self) {
      try picture.writeJPEG(to: folder("a.jpg"), quality: 90, provenance: nil, replacing: false)
    }
    #expect(try Picture.read(path: folder("a.jpg")).width == 20)
    #expect(try File.list(folder.path) == ["a.jpg"])
  }

  /// A face as it is extracted: both its segments are read by others.
  @Test(.enabled(if: installed("exiftool"), "exiftool is not installed")) func exiftoolReadsAFace() throws {
    let folder = try TemporaryFolder()
    let face = try #require(try FaceImage.readMetadata(golden("aligned/00004_0.jpg"), name: "face"))
    let picture = try Picture.decode(golden("aligned/00004_0.jpg"), name: "face")
    let file = try FaceImage.embed(
      face, in: picture.encodedJPEG(quality: 90, provenance: provenance), name: "face", xmp: nil)
    #expect(segments(file).prefix(4).map(\.marker) == [0xe0, 0xe1, 0xef, 0xdb])
    try Data(file.array).write(to: URL(fileURLWithPath: folder("face.jpg")))
    let seen = try #require(
      try run(
        "exiftool",
        ["-n", "-s3", "-XMP-iptcExt:DigitalSourceType", "-XMP-xmp:CreatorTool", "-ImageSize", folder("face.jpg")]))
    #expect(
      seen.output == """
        http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia
        libliae 0.1.0
        320 320

        """)
  }
}

@Suite struct XSegMaskTests {
  @Test func smallMasksArePNG() throws {
    let mask = try Picture.decode(golden("xseg_00001_0.png"), name: "mask")
    let file = try mask.converted(to: .grayFloat).encodedXSegMask()
    #expect(kind(file) == .png && file.count <= 50_000)
    #expect(try Picture.decode(file, name: "again").elements == mask.converted(to: .gray8).elements)
  }

  /// Its PNG is larger than 50000 bytes, and DeepFaceLab wrote a JPEG.
  @Test func largeMasksAreTheBestJPEGThatFits() throws {
    let mask = try Picture.decode(golden("xseg_00003_0.png"), name: "mask").converted(to: .gray8)
    #expect(try mask.encodedPNG(provenance: nil).count > 50_000)
    let file = try mask.encodedXSegMask()
    #expect(kind(file) == .jpeg && file.count <= 50_000)
    let quality = try #require(
      try (1...100).first { try mask.encodedJPEG(quality: $0, provenance: nil).array == file.array })
    #expect(try mask.encodedJPEG(quality: quality + 1, provenance: nil).count > 50_000)
    // The table of DeepFaceLab's own file says the quality that it found.
    let face = try #require(try FaceImage.readMetadata(golden("aligned/00003_0.jpg"), name: "face"))
    let original = segments(try #require(face.xsegMask)).first { $0.marker == 0xdb }?.payload
    #expect(segments(file).first { $0.marker == 0xdb }?.payload == original)
    #expect(largestDistance(try Picture.decode(file, name: "again"), mask) <= 40)
  }

  @Test func masksThatDoNotFit() throws {
    let mask = try noise(2900, 2900)
    #expect { _ = try mask.encodedXSegMask() } throws: { ($0 as? LiaeError)?.status == .limitExceeded }
  }
}
