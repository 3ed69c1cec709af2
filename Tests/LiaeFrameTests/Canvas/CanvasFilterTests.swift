// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct CanvasFilterTests {
  @Test func gaussianIsOpenCVs() throws {
    let (color, mask) = (try Imaging.color(), try Imaging.mask())
    for kernel in [1, 3, 5, 7, 11, 21, 63, 151] {
      let comparison = Comparison(
        try mask.gaussianBlurred(kernel: kernel).values, try Imaging.expected("gaussian_mask_\(kernel)"))
      #expect(comparison.maximum < 2e-5, "\(kernel): \(comparison)")
    }
    for kernel in [3, 7, 31, 151] {
      let comparison = Comparison(
        try color.gaussianBlurred(kernel: kernel).values, try Imaging.expected("gaussian_color_\(kernel)"))
      #expect(comparison.maximum < 2e-5, "\(kernel): \(comparison)")
    }
    for (kernel, sigma) in [(9, 2.5), (3, 0.7)] {
      let comparison = Comparison(
        try mask.gaussianBlurred(kernel: kernel, sigma: sigma).values, try Imaging.expected("gaussian_sigma_\(kernel)"))
      #expect(comparison.maximum < 2e-5, "\(kernel), \(sigma): \(comparison)")
    }
    let tiny = try Imaging.canvas(3, 2) { color[$0 % 3, $0 / 3] }
    let comparison = Comparison(
      try tiny.gaussianBlurred(kernel: 15).values, try Imaging.expected("gaussian_tiny"))
    #expect(comparison.maximum < 2e-5, "tiny: \(comparison)")
  }

  @Test func filterIsOpenCVs() throws {
    let (color, mask) = (try Imaging.color(), try Imaging.mask())
    for side in [1, 2, 3, 4, 5, 8, 11] {
      let kernel = try Imaging.array("kernel_\(side)").values
      let comparison = Comparison(
        try color.filtered(kernel: kernel, side: side).values, try Imaging.expected("filter_color_\(side)"))
      #expect(comparison.maximum < 2e-5, "\(side): \(comparison)")
    }
    let even = Comparison(
      try mask.filtered(kernel: Imaging.array("kernel_4").values, side: 4).values, try Imaging.expected("filter_mask_4")
    )
    #expect(even.maximum < 2e-5, "mask: \(even)")
    let tiny = try Imaging.canvas(3, 2) { color[$0 % 3, $0 / 3] }
    let comparison = Comparison(
      try tiny.filtered(kernel: Imaging.array("kernel_8").values, side: 8).values, try Imaging.expected("filter_tiny"))
    #expect(comparison.maximum < 2e-5, "tiny: \(comparison)")
  }

  @Test func medianIsOpenCVs() throws {
    let color = try Imaging.color()
    for (width, height) in [(37, 29), (1, 1), (3, 2), (6, 1)] {
      let part = try Imaging.canvas(width, height) { color[$0 % width, $0 / width] }
      let expected = try Imaging.color("median_\(width)_\(height)")
      #expect(try part.medianBlurred5().values == expected.values, "\(width) x \(height)")
    }
  }

  /// The network against sorting, on values with many ties.
  @Test func medianIsThe13thOf25() throws {
    let coarse = try Imaging.random(90, 61)
    for i in 0..<coarse.count { coarse.pixels[i] = (coarse.pixels[i] * 6).rounded(.down) }
    let median = try coarse.medianBlurred5()
    for y in 2..<59 {
      for x in 2..<88 {
        let window = (0..<25).map { coarse[x - 2 + $0 % 5, y - 2 + $0 / 5] }
        for lane in 0..<4 {
          guard window.map({ $0[lane] }).sorted()[12] == median[x, y][lane] else {
            Issue.record("lane \(lane) at \(x), \(y)")
            return
          }
        }
      }
    }
  }

  @Test func badArguments() throws {
    let mask = try Imaging.mask()
    for kernel in [0, -1, 2, 1 << 14 | 1, .max] {
      #expect(throws: LiaeError.self) { try mask.gaussianBlurred(kernel: kernel) }
    }
    for sigma in [-1, .nan, Double.infinity] {
      #expect(throws: LiaeError.self) { try mask.gaussianBlurred(kernel: 3, sigma: sigma) }
    }
    for (count, side) in [(0, 0), (3, 2), (1, -1), (4, 1 << 62)] {
      #expect(throws: LiaeError.self) { try mask.filtered(kernel: [Float](repeating: 1, count: count), side: side) }
    }
    #expect(throws: LiaeError.self) {
      try mask.mixed(1, with: mask.resized(width: 2, height: 2, interpolation: .linear), 1)
    }
  }

  @Test func edges() throws {
    for (width, height) in [(0, 0), (0, 5), (5, 0)] {
      let empty = try ColorCanvas(width: width, height: height)
      #expect(try empty.gaussianBlurred(kernel: 5).count == 0)
      #expect(try empty.filtered(kernel: [1], side: 1).count == 0)
      #expect(try empty.medianBlurred5().count == 0)
    }
    let dot = try Imaging.canvas(1, 1) { _ in Float(0.75) }
    #expect(try abs(dot.gaussianBlurred(kernel: 301).values[0] - 0.75) < 1e-6)
    #expect(try dot.filtered(kernel: [Float](repeating: 0.25, count: 4), side: 2).values == [0.75])
    let holes = try Imaging.random(40, 20)
    for i in stride(from: 0, to: holes.count, by: 7) { holes.pixels[i] = Color(.nan, .infinity, -.infinity, 0) }
    #expect(try holes.medianBlurred5().count == 800)
    #expect(try holes.gaussianBlurred(kernel: 5)[0, 0].x.isNaN)
    #expect(try holes.filtered(kernel: [0, 1, 0, 0, 0, 0, 0, 0, 0], side: 3).count == 800)
  }

  @Test func threadsChangeNothing() throws {
    let (color, workers) = (try Imaging.random(111, 160), try Imaging.workers)
    let kernel = try Imaging.array("kernel_5").values
    #expect(try color.gaussianBlurred(kernel: 31).bits == color.gaussianBlurred(kernel: 31, workers: workers).bits)
    #expect(
      try color.filtered(kernel: kernel, side: 5).bits == color.filtered(kernel: kernel, side: 5, workers: workers).bits
    )
    #expect(try color.medianBlurred5().bits == color.medianBlurred5(workers: workers).bits)
  }
}
