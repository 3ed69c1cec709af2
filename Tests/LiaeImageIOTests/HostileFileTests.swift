// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeImageIO
import LiaeGraph
import LiaeSystem
import LiaeTestSupport
import Testing

/// Files that lie, break off or are noise must end in a `LiaeError` that names them.
@Suite struct HostileFileTests {
  static let samples = [
    "rgb8.png", "rgba16_interlaced.png", "palette4_transparent.png", "color.jpg", "progressive.jpg", "gray.jpg",
  ]

  private func error(_ bytes: [UInt8]) -> LiaeError? {
    do throws(LiaeError) {
      _ = try Fixture.decode(bytes, name: "hostile")
      return nil
    } catch { return error }
  }

  @Test(arguments: samples) func truncatedAtEveryByte(_ name: String) throws {
    let whole = try Fixture.bytes(name)
    #expect(error(whole) == nil)
    for length in 0..<whole.count {
      let error = error(Array(whole[..<length]))
      #expect(error != nil, "\(name) cut to \(length) of \(whole.count) bytes was accepted")
      if let error { #expect(error.message.hasPrefix("hostile: ")) }
    }
  }

  @Test(arguments: samples) func flippedBitsNeverTrap(_ name: String) throws {
    let whole = try Fixture.bytes(name)
    var generator = SplitMix64(state: 11)
    for _ in 0..<400 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= UInt8(
          1 << Int.random(in: 0..<8, using: &generator))
      }
      if let error = error(bytes) { #expect(error.message.hasPrefix("hostile: ")) }
    }
  }

  @Test(arguments: [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], [0xff, 0xd8, 0xff, 0xe0], []] as [[UInt8]])
  func randomBytesAfterTheSignature(_ signature: [UInt8]) {
    var generator = SplitMix64(state: 12)
    for length in 0..<300 {
      let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(error(signature + noise) != nil)
    }
  }

  @Test func emptyFile() { #expect(error([])?.status == .unknownFormat) }

  /// A header of its own, with a right checksum, before what the file had after its header.
  private func png(width: UInt32, height: UInt32) throws -> [UInt8] {
    var bytes = try Fixture.bytes("rgb8.png")
    for i in 0..<4 {
      bytes[16 + i] = UInt8(truncatingIfNeeded: width >> (24 - 8 * UInt32(i)))
      bytes[20 + i] = UInt8(truncatingIfNeeded: height >> (24 - 8 * UInt32(i)))
    }
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes[12..<29] {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
    }
    crc = ~crc
    for i in 0..<4 { bytes[29 + i] = UInt8(truncatingIfNeeded: crc >> (24 - 8 * UInt32(i))) }
    return bytes
  }

  @Test func pngHeaderWithHugeDimensions() throws {
    for (width, height) in [(0x7fff_ffff, 0x7fff_ffff), (1, 0x7fff_ffff), (40000, 1), (30000, 30000)] {
      let found = error(try png(width: UInt32(width), height: UInt32(height)))
      #expect(found?.status == .limitExceeded)
      #expect(found?.message.contains("\(width) x \(height)") == true)
    }
  }

  @Test func pngHeaderWithImpossibleDimensions() throws {
    for (width, height) in [(0, 9), (13, 0), (0xffff_ffff, 9)] {
      #expect(error(try png(width: UInt32(width), height: UInt32(height)))?.status == .corruptFile)
    }
  }

  @Test func pngHeaderLargerThanItsPixels() throws {
    #expect(error(try png(width: 13, height: 10))?.status == .corruptFile)
    #expect(error(try png(width: 4000, height: 4000))?.status == .corruptFile)
  }

  @Test func jpegHeaderWithHugeDimensions() throws {
    var bytes = try Fixture.bytes("color.jpg")
    // SOF0: FF C0, length, precision, height, width
    let frame = try #require((0..<bytes.count - 8).first { bytes[$0] == 0xff && bytes[$0 + 1] == 0xc0 })
    for i in 5...8 { bytes[frame + i] = 0xff }
    #expect(error(bytes)?.status == .limitExceeded)
  }

  @Test func jpegHeaderLargerThanItsPixels() throws {
    var bytes = try Fixture.bytes("color.jpg")
    let frame = try #require((0..<bytes.count - 8).first { bytes[$0] == 0xff && bytes[$0 + 1] == 0xc0 })
    bytes[frame + 5] = 0x0f
    #expect(error(bytes)?.status == .corruptFile)
  }

  @Test func jpegWithThousandsOfScans() throws {
    // The scans of a progressive file, over and over.
    let bytes = try Fixture.bytes("progressive.jpg")
    let first = try #require((0..<bytes.count - 1).first { bytes[$0] == 0xff && bytes[$0 + 1] == 0xda })
    var scan = first + 2
    while !(bytes[scan] == 0xff && ![0, 0xda].contains(bytes[scan + 1])) { scan += 1 }
    let repeated = Array(bytes[..<first]) + (0..<2000).flatMap { _ in bytes[first..<scan] } + [0xff, 0xd9]
    #expect(error(repeated) != nil)
  }
}

/// The kept inputs of the fuzz target.
@Suite struct PictureCorpusTests {
  @Test func everyKeptInput() throws {
    let folder = GoldenSet.repository.path("../fuzz/corpus/Picture")
    let names = try File.list(folder)
    #expect(!names.isEmpty)
    for name in names {
      do throws(LiaeError) { _ = try Picture.decode(Bytes.read(path: "\(folder)/\(name)"), name: "input") } catch {
        #expect(error.message.hasPrefix("input"), "\(name): \(error)")
      }
    }
  }
}
