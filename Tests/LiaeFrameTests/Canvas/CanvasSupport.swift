// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

/// Images in and out of arrays, and what OpenCV made of them (make_fixtures.py).
enum Imaging {
  static let fixture = Result {
    try NPZ.read(
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        + "/Fixtures/imaging.npz")
  }

  static func array(_ name: String) throws -> NPYArray { try #require(try fixture.get()[name], "no array \(name)") }

  /// The image as DeepFaceLab sees bytes: float32(byte) / 255.
  static func color(_ name: String = "color_u8") throws -> ColorCanvas { try color(bytes: array(name)) }
  static func mask(_ name: String = "mask_u8") throws -> MaskCanvas {
    let array = try array(name)
    return try canvas(array.shape[1], array.shape[0]) { array.values[$0] / 255 }
  }

  static func color(bytes: NPYArray) throws -> ColorCanvas {
    var scaled = bytes
    scaled.values = bytes.values.map { $0 / 255 }
    return try color(floats: scaled)
  }
  static func color(floats: NPYArray) throws -> ColorCanvas {
    try canvas(floats.shape[1], floats.shape[0]) {
      Color(floats.values[3 * $0], floats.values[3 * $0 + 1], floats.values[3 * $0 + 2], 0.5)
    }
  }

  static func canvas<Pixel>(_ width: Int, _ height: Int, _ pixel: (Int) -> Pixel) throws -> Canvas<Pixel> {
    let result = try Canvas<Pixel>(width: width, height: height)
    for i in 0..<result.count { result.pixels[i] = pixel(i) }
    return result
  }

  /// Values in 0..<1 in all four lanes.
  static func random(_ width: Int, _ height: Int) throws -> ColorCanvas {
    // The generator of Numerical Recipes, ch. 7.1; its high bits.
    var state: UInt32 = 5
    func next() -> Float {
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(state >> 8) / Float(1 << 24)
    }
    return try canvas(width, height) { _ in Color(next(), next(), next(), next()) }
  }

  /// Returns what `put` of make_fixtures.py wrote.
  static func expected(_ name: String) throws -> [Float] { try array(name).values.map { ($0 - 10000) / 40000 } }

  /// Threads of their own for each test: a pool runs one region at a time, and tests run side by side.
  static var workers: Workers { get throws { Workers(try ThreadPool(workers: 3)) } }
}

extension Canvas where Pixel == Color {
  /// Blue, green, red of each pixel; the fourth lane must be finite.
  var values: [Float] {
    defer { withExtendedLifetime(self) {} }
    let pixels = UnsafeBufferPointer(start: self.pixels, count: count)
    #expect(pixels.allSatisfy { $0.w.isFinite }, "the fourth lane")
    return pixels.flatMap { [$0.x, $0.y, $0.z] }
  }
}

extension Canvas where Pixel == Float {
  var values: [Float] {
    defer { withExtendedLifetime(self) {} }
    return Array(UnsafeBufferPointer(start: pixels, count: count))
  }
}

extension Canvas {
  /// All bits of all lanes.
  var bits: [UInt32] {
    Array(UnsafeRawBufferPointer(start: pixels, count: count * MemoryLayout<Pixel>.stride).bindMemory(to: UInt32.self))
  }
}
