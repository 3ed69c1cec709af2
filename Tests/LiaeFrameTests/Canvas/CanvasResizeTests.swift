// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct CanvasResizeTests {
  private static let interpolations: [(String, Interpolation)] = [("linear", .linear), ("cubic", .cubic)]

  @Test func isOpenCVs() throws {
    let (color, mask) = (try Imaging.color(), try Imaging.mask())
    for (width, height) in [(13, 17), (64, 50), (1, 1), (37, 60), (5, 29), (85, 31)] {
      for (name, interpolation) in Self.interpolations {
        let tag = "\(name)_\(width)_\(height)"
        let resized = try color.resized(width: width, height: height, interpolation: interpolation)
        let comparison = Comparison(resized.values, try Imaging.expected("resize_color_\(tag)"))
        #expect(comparison.maximum < 2e-5, "\(tag): \(comparison)")
        let resizedMask = try mask.resized(width: width, height: height, interpolation: interpolation)
        let maskComparison = Comparison(resizedMask.values, try Imaging.expected("resize_mask_\(tag)"))
        #expect(maskComparison.maximum < 2e-5, "\(tag): \(maskComparison)")
      }
    }
  }

  @Test func edges() throws {
    let color = try Imaging.color()
    let same = try color.resized(width: 37, height: 29, interpolation: .cubic)
    #expect(same !== color && same.bits == color.bits)
    let dot = try Imaging.canvas(1, 1) { _ in Float(0.75) }
    let large = try dot.resized(width: 3, height: 2, interpolation: .cubic).values
    #expect(large.count == 6 && large.allSatisfy { abs($0 - 0.75) < 1e-6 })
    #expect(try dot.resized(width: 0, height: 2, interpolation: .linear).count == 0)
    #expect(throws: LiaeError.self) {
      try MaskCanvas(width: 0, height: 3).resized(width: 1, height: 3, interpolation: .linear)
    }
    #expect(throws: LiaeError.self) { try dot.resized(width: 1 << 20, height: 1 << 20, interpolation: .linear) }
    #expect(throws: LiaeError.self) { try dot.resized(width: -2, height: 1, interpolation: .linear) }
    let hole = try Imaging.canvas(5, 5) { $0 == 12 ? Float.nan : 1 }
    #expect(try hole.resized(width: 11, height: 3, interpolation: .cubic).values.contains { $0.isNaN })
  }

  @Test func threadsChangeNothing() throws {
    let color = try Imaging.random(211, 160)
    let one = try color.resized(width: 100, height: 333, interpolation: .cubic)
    #expect(
      try one.bits == color.resized(width: 100, height: 333, interpolation: .cubic, workers: Imaging.workers).bits)
  }
}
