// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct CanvasMorphologyTests {
  @Test func isOpenCVs() throws {
    let mask = try Imaging.mask()
    for n in Array(1...60) + [101] {
      #expect(try mask.eroded(ellipse: n).values == Imaging.mask("erode_\(n)").values, "erode \(n)")
      #expect(try mask.dilated(ellipse: n).values == Imaging.mask("dilate_\(n)").values, "dilate \(n)")
    }
  }

  /// Wider than a strip of columns, and an ellipse wider than one.
  @Test func isTheSameInStrips() throws {
    let wide = try Imaging.canvas(1200, 3) { Float(($0 * 7919) % 1009) }
    for n in [4, 75, 700] {
      let eroded = try wide.eroded(ellipse: n)
      for (x, y) in [(0, 0), (508, 1), (511, 2), (512, 0), (513, 1), (1023, 2), (1024, 1), (1199, 2)] {
        let radius = Double(n / 2)
        let least = (0..<3).map { row in
          let dy = Double(row - y)
          let half = Int(
            (radius * ((radius * radius - dy * dy) / (radius * radius)).squareRoot()).rounded(.toNearestOrEven))
          guard row - y < n - n / 2 else { return Float.infinity }
          let columns = max(0, x - half)...min(1199, min(x + half, x - n / 2 + n - 1))
          return columns.map { wide[$0, row] }.min()!
        }.min()!
        #expect(eroded[x, y] == least, "\(n) at \(x), \(y)")
      }
    }
  }

  @Test func edges() throws {
    let mask = try Imaging.mask()
    for n in [0, -3, 4096, .max, .min] {
      #expect(throws: LiaeError.self) { try mask.eroded(ellipse: n) }
      #expect(throws: LiaeError.self) { try mask.dilated(ellipse: n) }
    }
    #expect(try MaskCanvas(width: 0, height: 4).eroded(ellipse: 9).count == 0)
    let dot = try Imaging.canvas(1, 1) { _ in Float(0.75) }
    #expect(try dot.eroded(ellipse: 4095).values == [0.75])
    #expect(try dot.dilated(ellipse: 2).values == [0.75])
    let holes = try Imaging.canvas(9, 9) { $0 % 5 == 0 ? Float.nan : 1 }
    #expect(try holes.eroded(ellipse: 4).count == 81)
    let moved = try MaskCanvas(width: 2, height: 2, left: 5, top: -7).eroded(ellipse: 3)
    #expect((moved.left, moved.top) == (5, -7))
  }

  @Test func threadsChangeNothing() throws {
    let mask = try Imaging.canvas(300, 400) { Float(($0 * 7919) % 1009) }
    for n in [2, 31, 90] {
      #expect(try mask.eroded(ellipse: n).bits == mask.eroded(ellipse: n, workers: Imaging.workers).bits)
      #expect(try mask.dilated(ellipse: n).bits == mask.dilated(ellipse: n, workers: Imaging.workers).bits)
    }
  }
}
