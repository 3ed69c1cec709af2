// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTensor
import Testing

@Suite struct ReadTests {
  static let pngs =
    [
      "gray1", "gray2", "gray4", "gray8", "gray16", "rgb8", "rgb16", "rgba8", "rgba16",
    ].flatMap { [$0, "\($0)_interlaced"] } + ["gray_alpha8", "palette4", "palette8_interlaced", "palette4_transparent"]

  @Test(arguments: pngs) func pngIsDecodedAsPillowDoes(_ name: String) throws {
    let picture = try Picture.read(path: Fixture.path("\(name).png"))
    let expected = try Fixture.raw(name)
    #expect(
      (picture.width, picture.height, picture.format.channels) == (expected.width, expected.height, expected.channels))
    #expect(picture.elements == expected.data)
  }

  @Test(arguments: ["color", "color_444", "progressive", "gray"]) func jpegIsDecodedAsPillowDoes(_ name: String) throws
  {
    let picture = try Picture.read(path: Fixture.path("\(name).jpg"))
    let expected = try Fixture.raw(name)
    #expect(
      (picture.width, picture.height, picture.format.channels) == (expected.width, expected.height, expected.channels))
    // Other builds of libjpeg may round their inverse transform otherwise.
    let worst = zip(picture.elements, expected.data).map { abs(Int($0) - Int($1)) }.max()
    #expect(picture.elements.count == expected.data.count)
    #expect((worst ?? 255) <= 2)
  }

  @Test func everyFixtureIsTested() throws {
    #expect(try Set(Fixture.names(ending: ".png")) == Set(Self.pngs.map { "\($0).png" }))
  }

  @Test func cmykIsRefusedByName() {
    #expect {
      try Picture.read(path: Fixture.path("cmyk.jpg"))
    } throws: { error in
      guard let error = error as? LiaeError else { return false }
      return error.status == .unsupported && error.message.contains("cmyk.jpg") && error.message.contains("CMYK")
    }
  }

  @Test func missingFileFolderAndForeignFileAreToldApart() {
    func status(_ path: String) -> Status? {
      do throws(LiaeError) {
        _ = try Picture.read(path: path)
        return nil
      } catch { return error.status }
    }
    #expect(status(Fixture.path("absent.png")) == .fileNotFound)
    #expect(status(Fixture.folder) == .inputOutput)
    #expect(status(Fixture.path("gray8.raw")) == .unknownFormat)
  }
}

@Suite struct ConvertTests {
  @Test func formatsKeepTheirColors() throws {
    let picture = try Picture(width: 1, height: 1, format: .rgbFloat, values: [1, 0.5, 0])
    #expect(try picture.converted(to: .rgb8).elements == [255, 128, 0])
    #expect(try picture.converted(to: .bgr8).elements == [0, 128, 255])
    #expect(try picture.converted(to: .bgra8).elements == [0, 128, 255, 255])
    #expect(try picture.converted(to: .bgrFloat).values == [0, 0.5, 1])
    // Rec. 601: 0.299 + 0.587 / 2 = 0.5925, times 255 = 151.09
    #expect(try picture.converted(to: .gray8).elements == [151])
    let gray = try Picture(width: 1, height: 1, format: .grayFloat, values: [0.25])
    #expect(try gray.converted(to: .bgraFloat).values == [0.25, 0.25, 0.25, 1])
  }

  @Test func bytesClampAndRoundHalfUp() {
    #expect(
      [-1, 0, 0.5 / 255, 0.4999 / 255, 1, 7, .infinity, -.infinity, .nan].map(Picture.byte)
        == [0, 0, 1, 0, 255, 255, 255, 0, 0])
    for value in 0...255 { #expect(Picture.byte(Float(value) / 255) == UInt8(value)) }
  }
}

@Suite struct ResizeTests {
  @Test(arguments: ["9x11", "31x40", "7x3", "1x1"]) func sameAsPillowBicubic(_ size: String) throws {
    func floats(_ name: String) throws -> (Int, Int, [Float]) {
      let raw = try Fixture.raw(name)
      return (
        raw.width, raw.height,
        raw.data.withUnsafeBytes { bytes in
          (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
      )
    }
    let (width, height, values) = try floats("resize_20x14")
    let picture = try Picture(width: width, height: height, format: .grayFloat, values: values)
    let (newWidth, newHeight, expected) = try floats("resize_\(size)")
    let resized = try picture.resized(width: newWidth, height: newHeight)
    #expect(resized.values.count == expected.count)
    let worst = zip(resized.values, expected).map { abs($0 - $1) }.max()
    #expect((worst ?? 1) < 2e-6)
  }

  @Test func channelsStayApart() throws {
    // Red is a ramp along x, blue along y, green is flat.
    var values: [Float] = []
    for y in 0..<12 {
      for x in 0..<12 { values += [Float(x) / 12, 0.25, Float(y) / 12] }
    }
    let picture = try Picture(width: 12, height: 12, format: .rgbFloat, values: values)
    let resized = try picture.resized(width: 5, height: 8).values
    // The middle column is the one whose filter does not reach the border: there a ramp stays a ramp.
    for y in 0..<8 {
      let pixel = (y * 5 + 2) * 3
      #expect(abs(resized[pixel] - 5.5 / 12) < 1e-5)
      for x in 0..<5 { #expect(abs(resized[(y * 5 + x) * 3 + 1] - 0.25) < 1e-6) }
    }
    // Blue is the same along x.
    for y in 0..<8 { for x in 1..<5 { #expect(abs(resized[(y * 5 + x) * 3 + 2] - resized[y * 15 + 2]) < 1e-6) } }
  }

  @Test func fineStripesAverageOutWhenShrunk() throws {
    let values = (0..<64 * 64).map { i -> Float in i % 2 == 0 ? 0 : 1 }
    let picture = try Picture(width: 64, height: 64, format: .grayFloat, values: values)
    for value in try picture.resized(width: 10, height: 10).values { #expect(abs(value - 0.5) < 0.03) }
  }
}
