// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct CanvasEffectTests {
  private let image: ColorCanvas

  init() throws {
    image = try Imaging.color(
      bytes: try #require(try GoldenSet.repository.arrays("merge/color_transfer")["target_u8"]))
  }

  /// Frames with less and with more than 65536 colours. Where several colours of the palette are equally near, Pillow
  /// may take another one.
  @Test(arguments: ["A", "E"]) func paletteOfAFrameIsPillows(frame: String) throws {
    let picture = try Picture.read(path: GoldenSet.repository.path("merge/frame_\(frame).png")).converted(to: .bgrFloat)
    let floats = picture.storage.base.assumingMemoryBound(to: Float.self)
    let canvas = try Imaging.canvas(picture.width, picture.height) {
      Color(floats[3 * $0], floats[3 * $0 + 1], floats[3 * $0 + 2], 0)
    }
    let reduced = try canvas.reducedTo256Colors()
    let expected = try Imaging.color("reduced_\(frame)")
    let width = expected.width
    let wrong = (0..<expected.count).count {
      let difference = reduced[$0 % width * 8, $0 / width * 8] - expected.pixels[$0]
      return max(abs(difference.x), abs(difference.y), abs(difference.z)) > 1e-6
    }
    #expect(expected.count >= 800 && wrong * 500 <= expected.count, "\(wrong) of \(expected.count) pixels")
  }

  @Test func palettes() throws {
    let few = try Imaging.canvas(30, 20) { Color(Float($0 % 7) / 51, Float($0 % 4) / 255, 1, 0) }
    let same = try few.reducedTo256Colors()
    #expect(Comparison(same.values, few.values).maximum < 1e-6, "28 colours stay")
    let many = try Imaging.random(400, 250)
    let reduced = try many.reducedTo256Colors(workers: Imaging.workers)
    let colors = Set((0..<reduced.count).map { reduced.pixels[$0] })
    #expect(colors.count == 256)
    #expect(try reduced.bits == many.reducedTo256Colors().bits)
    let total = zip(reduced.values, many.values).reduce(0) { $0 + Double(abs($1.0 - $1.1)) }
    #expect(total / Double(3 * many.count) < 0.06)
    let holes = try Imaging.canvas(3, 1) { Color([.nan, .infinity, -.infinity][$0], 0.5, 2, 0) }
    let bytes = try holes.reducedTo256Colors().values.map { $0 * 255 }
    #expect(bytes == [0, 127, 255, 255, 127, 255, 0, 127, 255])
    #expect(try ColorCanvas(width: 0, height: 0).reducedTo256Colors().count == 0)
  }

  @Test func edges() throws {
    #expect(try image.sharpened(.none, amount: 30).bits == image.bits)
    #expect(try image.sharpened(.box, amount: 0).bits == image.bits)
    for amount in [-101, 101, .min, .max] {
      #expect(throws: LiaeError.self) { try image.sharpened(.box, amount: amount) }
    }
    for (size, degrees) in [(0, 0.0), (-1, 0), (1024, 0), (5, .nan), (5, .infinity)] {
      #expect(throws: LiaeError.self) { try image.motionBlurred(size: size, degrees: degrees) }
    }
    #expect(try image.motionBlurred(size: 1, degrees: 77).bits == image.bits)
    #expect(try image.motionBlurred(size: 100, degrees: 1e300).values.allSatisfy { (0...1.001).contains($0) })
    let empty = try ColorCanvas(width: 0, height: 3)
    #expect(try empty.motionBlurred(size: 9, degrees: 3).count == 0)
    for mode in Sharpening.allCases {
      for amount in [-15, 0, 15] { #expect(try empty.sharpened(mode, amount: amount).count == 0) }
    }
  }

  @Test func threadsChangeNothing() throws {
    let workers = try Imaging.workers
    for mode in Sharpening.allCases {
      for amount in [-25, 40] {
        #expect(
          try image.sharpened(mode, amount: amount).bits == image.sharpened(mode, amount: amount, workers: workers).bits
        )
      }
    }
    #expect(
      try image.motionBlurred(size: 9, degrees: 30).bits
        == image.motionBlurred(size: 9, degrees: 30, workers: workers).bits)
  }
}
