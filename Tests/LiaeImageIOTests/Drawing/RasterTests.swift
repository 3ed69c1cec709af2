// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Drawing, with coordinates that may be any numbers.
@Suite struct RasterTests {
  private static let (width, height) = (37, 23)
  private static let black = Ink(0x000000), white = Ink(0xffffff)

  private func raster() throws -> Raster { try Raster(width: Self.width, height: Self.height, ground: Self.black) }

  /// The red of every pixel: white ink on black gives its coverage.
  private func coverage(_ raster: Raster) -> [Float] {
    let values = raster.picture.view.base.assumingMemoryBound(to: Float.self)
    return withExtendedLifetime(raster.picture) { (0..<Self.width * Self.height).map { values[3 * $0] } }
  }

  /// Coverage by the distance of a pixel's middle from the whole line, without clipping.
  private func expected(_ a: (x: Double, y: Double), _ b: (x: Double, y: Double), thickness: Double) -> [Float] {
    (0..<Self.width * Self.height).map { place in
      let (px, py) = (Double(place % Self.width) - a.x, Double(place / Self.width) - a.y)
      let (dx, dy) = (b.x - a.x, b.y - a.y)
      let length = dx * dx + dy * dy
      let t = length > 0 ? min(max((px * dx + py * dy) / length, 0), 1) : 0
      let distance = ((px - t * dx) * (px - t * dx) + (py - t * dy) * (py - t * dy)).squareRoot()
      return Float(min(max(thickness / 2 + 0.5 - distance, 0), 1))
    }
  }

  /// Lines through, beside and far outside of the picture, against the plain formula.
  @Test func linesAreWhatTheirDistanceSays() throws {
    var generator = SplitMix64(state: 7)
    func number(_ reach: Double) -> Double { (Double(generator.uniform()) - 0.5) * 2 * reach }
    for round in 0..<400 {
      let reach = [20.0, 40, 200, 5000][round % 4]
      let a = (x: 18 + number(reach), y: 11 + number(reach)), b = (x: 18 + number(reach), y: 11 + number(reach))
      let thickness = [1.0, 2.4, 5][round % 3]
      let raster = try raster()
      raster.stroke([a, b], width: thickness, Self.white)
      let difference = Comparison(coverage(raster), expected(a, b, thickness: thickness))
      #expect(difference.maximum < 1e-4, "\(a) to \(b): \(difference)")
    }
  }

  @Test func straightLinesPointsAndWhatMissesThePicture() throws {
    let lines: [((x: Double, y: Double), (x: Double, y: Double))] = [
      ((5, 5), (30, 5)), ((5, 5), (5, 20)), ((7.3, 9.1), (7.3, 9.1)), ((-100, 11), (100, 11)), ((18, -1e6), (18, 1e6)),
      ((-50, 700), (90, 650)), ((-3, -3), (-3, 40)), ((0, 23), (37, 23)), ((36, 22), (36, 22)),
    ]
    for (a, b) in lines {
      let raster = try raster()
      raster.stroke([a, b], width: 2, Self.white)
      #expect(Comparison(coverage(raster), expected(a, b, thickness: 2)).maximum < 1e-4, "\(a) to \(b)")
    }
  }

  @Test func anyNumbersAreDrawn() throws {
    let numbers: [Double] = [
      0, -1, 11.5, 1e6, -1e18, 1e300, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, .nan,
      .infinity, -.infinity,
    ]
    var points: [(x: Double, y: Double)] = []
    for x in numbers { for y in numbers { points.append((x, y)) } }
    for shift in [1, 5, 17] {
      let raster = try raster()
      let order = points.indices.map { points[$0 * shift % points.count] }
      raster.stroke(order, width: 3, Self.white, opacity: 0.5)
      #expect(coverage(raster).allSatisfy { (0...0.5).contains($0) })
    }
    // A line to a point that is not finite is left out, those beside it are drawn.
    let raster = try raster()
    raster.stroke([(3, 3), (9, 3), (.nan, 5), (20, 3), (30, 3)], width: 1, Self.white)
    let row = Array(coverage(raster)[(3 * Self.width)..<(4 * Self.width)])
    #expect(row[3...9].allSatisfy { $0 == 1 } && row[20...30].allSatisfy { $0 == 1 })
    #expect(row[11...18].allSatisfy { $0 == 0 })
  }

  @Test func strokesStayInTheirArea() throws {
    let area = PixelRectangle(columns: 10..<20, rows: 5..<9)
    let raster = try raster()
    raster.stroke([(-10, 7), (60, 7), (60, 300), (15, -40)], width: 9, Self.white, within: area)
    let covered = coverage(raster).enumerated().filter { $0.element > 0 }.map { $0.offset }
    #expect(covered.count == 40)
    #expect(covered.allSatisfy { (10..<20).contains($0 % Self.width) && (5..<9).contains($0 / Self.width) })
    // An area outside of the picture, and one of nothing.
    for area in [PixelRectangle(columns: 90..<95, rows: 2..<4), PixelRectangle(columns: 3..<3, rows: 2..<4)] {
      let empty = try self.raster()
      empty.stroke([(-10, 3), (100, 3)], width: 3, Self.white, within: area)
      #expect(coverage(empty).allSatisfy { $0 == 0 })
    }
  }

  @Test func rectanglesAreCutOff() throws {
    let extremes = [Int.min, -5, 0, 3, 22, 36, 37, 100, .max]
    for x in extremes {
      for count in extremes {
        let raster = try raster()
        raster.fill(x: x, y: x, width: count, height: count, Self.white)
        let end = x.addingReportingOverflow(max(0, count))
        func isInside(_ place: Int) -> Bool { place >= x && count > 0 && (end.overflow || place < end.partialValue) }
        let expected = (0..<Self.width * Self.height).map { place -> Float in
          isInside(place % Self.width) && isInside(place / Self.width) ? 1 : 0
        }
        #expect(coverage(raster) == expected, "\(count) from \(x)")
      }
    }
  }

  @Test func picturesAreCutOff() throws {
    let small = try Raster(width: 4, height: 3, ground: Self.white)
    for (x, y) in [(0, 0), (-2, -1), (35, 21), (-4, 0), (0, -3), (37, 23), (.max, .max), (.min, 5)] {
      let raster = try raster()
      try raster.place(small.picture, x: x, y: y)
      let columns = max(0, min(37, x.addingReportingOverflow(4).overflow ? 0 : x + 4) - max(0, min(37, x)))
      let rows = max(0, min(23, y.addingReportingOverflow(3).overflow ? 0 : y + 3) - max(0, min(23, y)))
      #expect(coverage(raster).filter { $0 == 1 }.count == columns * rows, "at \(x), \(y)")
    }
  }

  @Test func lettersHaveTheirWidth() throws {
    #expect(Raster.width("", scale: 2) == 0 && Raster.width("a") == 5 && Raster.width("ab", scale: 2) == 22)
    let raster = try raster()
    raster.write("1", x: 2, y: 3, Self.white)
    // The stem of the 1, and its foot.
    let pixels = coverage(raster)
    for y in 3..<10 { #expect(pixels[y * Self.width + 4] == 1) }
    #expect((3..<6).allSatisfy { pixels[9 * Self.width + $0] == 1 })
    #expect(pixels.filter { $0 == 1 }.count == 7 + 1 + 2)
    // What the font lacks is a gap; what is outside is cut off.
    let other = try self.raster()
    other.write("\u{1F600}é", x: 2, y: 3, Self.white)
    other.write("888", x: .max, y: .min, Self.white, scale: 3)
    #expect(coverage(other).allSatisfy { $0 == 0 })
  }
}
