// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeImageIO
import LiaeSystem
import LiaeTensor
import Testing

@Suite struct WriteTests {
  private func temporary() throws -> String {
    let folder = NSTemporaryDirectory() + "liae-image-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }

  private let provenance = Provenance(sourceType: .trainedAlgorithmicMedia, creatorTool: "libliae 0.1.0")

  private func sample(_ format: PixelFormat) throws -> Picture {
    let values = (0..<17 * 11 * format.channels).map { Float($0 * 37 % 256) / 255 }
    return try Picture(width: 17, height: 11, format: format, values: values)
  }

  @Test func pngRoundTrip() throws {
    for (format, expected) in [(PixelFormat.rgbFloat, PixelFormat.rgb8), (.bgrFloat, .rgb8), (.grayFloat, .gray8)] {
      let picture = try sample(format)
      let back = try Picture.decode(picture.encodedPNG(provenance: provenance), name: "round trip")
      #expect(back.format == expected)
      #expect(back.elements == (try picture.converted(to: expected).elements))
    }
  }

  @Test func samePictureSameBytes() throws {
    let picture = try sample(.rgbFloat)
    let (first, second) = (
      try picture.encodedPNG(provenance: provenance), try picture.encodedPNG(provenance: provenance)
    )
    #expect(first.raw.elementsEqual(second.raw))
  }

  @Test func existingFileStaysWithoutReplacing() throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/a.png"
    try sample(.grayFloat).writePNG(to: path, provenance: nil, replacing: false)
    let before = FileManager.default.contents(atPath: path)
    #expect { try sample(.rgbFloat).writePNG(to: path, provenance: nil, replacing: false) } throws: {
      ($0 as? LiaeError)?.status == .fileExists
    }
    #expect(FileManager.default.contents(atPath: path) == before)
    try sample(.rgbFloat).writePNG(to: path, provenance: nil, replacing: true)
    #expect(try Picture.read(path: path).format == .rgb8)
    #expect(try File.list(folder) == ["a.png"])
  }

  @Test(.enabled(if: installed("pngcheck"), "pngcheck is not installed")) func pngcheckAccepts() throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, format) in [("rgb", PixelFormat.rgbFloat), ("gray", .grayFloat)] {
      let path = "\(folder)/\(name).png"
      try sample(format).writePNG(to: path, provenance: provenance, replacing: false)
      let check = try #require(try run("pngcheck", ["-v", path]))
      #expect(check.status == 0, "\(check.output)")
      #expect(check.output.contains("iTXt") && check.output.contains("XML:com.adobe.xmp"))
    }
  }

  @Test(.enabled(if: installed("exiftool"), "exiftool is not installed")) func exiftoolReadsTheProvenance() throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/face.png"
    try sample(.rgbFloat).writePNG(to: path, provenance: provenance, replacing: false)
    let seen = try #require(
      try run(
        "exiftool", ["-n", "-s3", "-XMP-iptcExt:DigitalSourceType", "-XMP-xmp:CreatorTool", "-PNG:Software", path]))
    #expect(
      seen.output == """
        http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia
        libliae 0.1.0
        libliae 0.1.0

        """)
    let plain = "\(folder)/plain.png"
    try sample(.rgbFloat).writePNG(to: plain, provenance: nil, replacing: false)
    let none = try #require(try run("exiftool", ["-XMP:all", "-PNG:Software", plain]))
    #expect(none.output.isEmpty)
  }
}

@Suite struct ContactSheetTests {
  @Test func cellsStandWhereTheyBelong() throws {
    func solid(_ value: Float, _ side: Int) throws -> Picture {
      try Picture(width: side, height: side, format: .grayFloat, values: Array(repeating: value, count: side * side))
    }
    var sheet = ContactSheet(columns: 2, side: 8)
    sheet.gap = 3
    try sheet.add([solid(1, 8), solid(0.6, 4)])
    try sheet.add([solid(0, 16)])
    let picture = try sheet.picture()
    #expect((picture.width, picture.height) == (2 * 8 + 3 * 3, 2 * 8 + 3 * 3))
    func pixel(_ x: Int, _ y: Int) -> UInt8 { picture.elements[(y * picture.width + x) * 3] }
    let ground = Picture.byte(sheet.ground)
    #expect([pixel(2, 2), pixel(11, 3), pixel(24, 24), pixel(20, 20)] == [ground, ground, ground, ground])
    #expect([pixel(3, 3), pixel(10, 10), pixel(14, 3), pixel(21, 10), pixel(3, 14)] == [255, 255, 153, 153, 0])
  }

  @Test func captionsStandAboveTheirCells() throws {
    var sheet = ContactSheet(columns: 2, side: 40)
    let cell = try Picture(width: 40, height: 40, format: .grayFloat, values: Array(repeating: 0, count: 1600))
    try sheet.add([cell, cell], captions: ["ab", "far too long to fit"])
    try sheet.add([cell, cell])
    let picture = try sheet.picture()
    // Nine pixels of letters and half a gap.
    #expect((picture.width, picture.height) == (2 * 40 + 3 * 6, 2 * 40 + 3 * 6 + 12))
    func hasInk(_ columns: Range<Int>) -> Bool {
      (6..<18).contains { y in columns.contains { picture.elements[(y * picture.width + $0) * 3] > 150 } }
    }
    // "ab" is 11 pixels wide in the middle of 6..<46; a text that does not fit is cut, and the gap stays free.
    #expect(hasInk(20..<32) && !hasInk(6..<20) && !hasInk(32..<46) && hasInk(52..<92) && !hasInk(46..<52))
    #expect(picture.elements[(18 * picture.width + 6) * 3] == 0 && picture.elements[(17 * picture.width + 6) * 3] > 0)
  }
}
