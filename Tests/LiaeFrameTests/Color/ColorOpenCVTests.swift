// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

/// Against OpenCV 4.7 alone: `Fixtures/colour.npz`, by `make_colour_fixtures.py`.
@Suite struct ColorOpenCVTests {
  let fixtures: [String: NPYArray]

  init() throws {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    fixtures = try NPZ.read("\(folder)/Fixtures/colour.npz")
  }

  @Test func labOfFloats() throws {
    let image = try ColorCanvas(fixtures["floats"])
    try Lab.fromColor(image, workers: .single)
    #expect(try image.difference(from: #require(fixtures["floats_lab"]).values).largest < 1e-5)
  }

  @Test func floatsOfLab() throws {
    let image = try ColorCanvas(fixtures["labs"])
    try Lab.toColor(image, workers: .single)
    #expect(try image.difference(from: #require(fixtures["labs_back"]).values).largest < 2e-5)
    #expect(image.isWithinUnit)
  }

  @Test func labOfBytes() throws {
    let image = try ColorCanvas(fixtures["colours"])
    for index in 0..<image.count {
      image.pixels[index] = Color(try Lab.bytes(fromColor: SIMD4<UInt8>(image.pixels[index])))
    }
    #expect(try image.values == #require(fixtures["colours_lab8"]).values)
  }

  @Test func bytesOfLab() throws {
    let image = try ColorCanvas(fixtures["colours"])
    for index in 0..<image.count {
      image.pixels[index] = Color(try Lab.color(fromBytes: SIMD4<UInt8>(image.pixels[index])))
    }
    #expect(try image.values == #require(fixtures["colours_back8"]).values)
  }

  /// Levels of 0...255, where colours weigh as much as distance does.
  @Test func bilateralFilter() throws {
    let image = try ColorCanvas(fixtures["face_source"])
    let expected = try #require(fixtures["bilateral"])
    let result = try BilateralFilter(sigmaColor: 40, sigmaSpace: 5).filtered(image, workers: .single)
    let sampled = try ColorCanvas(image.width / 2, image.height / 2) { x, y, c in Double(result[2 * x, 2 * y][c]) }
    let difference = sampled.difference(from: expected.values)
    if ProcessInfo.processInfo.environment["LIAE_PRINT"] != nil { print("bilateral", difference) }
    #expect(difference.largest < 1e-3)
  }

  @Test func bilateralFilterOfTheSmallest() throws {
    for (width, height) in [(0, 0), (1, 1), (2, 1), (1, 5), (3, 3)] {
      let image = try ColorCanvas(width, height) { _, _, c in 0.25 * Double(c) }
      let result = try BilateralFilter(sigmaColor: 5, sigmaSpace: 16).filtered(image, workers: .single)
      #expect(result.difference(from: image.values).largest < 1e-6)
    }
  }
}
