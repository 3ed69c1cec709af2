// SPDX-License-Identifier: Apache-2.0
import LiaeFrame

/// A closed line through pixels, and what it encloses by the even-odd rule, with the line itself: as OpenCV's fillPoly.
struct PolygonOutline {
  private let points: [SIMD2<Int>]

  /// Coordinates past this, either way, are brought to it: far outside any picture, and no product overflows.
  private static let limit: Float = 1_048_576

  /// - Parameter points: cut to whole pixels. Those that are no numbers count as 0.
  init(_ points: [SIMD2<Float>]) {
    func whole(_ value: Float) -> Int { value.isNaN ? 0 : Int(min(max(value, -Self.limit), Self.limit)) }
    self.points = points.map { SIMD2(whole($0.x), whole($0.y)) }
  }

  /// Writes `value` where the polygon is.
  func fill(_ mask: MaskCanvas, with value: Float) {
    guard let first = points.first, mask.count > 0 else { return }
    let edges = zip(points, points.dropFirst() + [first])
    for y in 0..<mask.height {
      let row = mask.pixels + y * mask.width
      func write(_ from: Int, _ to: Int) {
        let (from, to) = (max(0, from), min(mask.width - 1, to))
        if from <= to { (row + from).update(repeating: value, count: to - from + 1) }
      }
      // In 1/65536 of a pixel; an edge counts from its upper vertex on, above its lower one.
      var crossings: [Int] = []
      for (a, b) in edges {
        let (upper, lower) = a.y <= b.y ? (a, b) : (b, a)
        guard (upper.y...lower.y).contains(y) else { continue }
        let line = PixelLine(a, b).columns(y)
        write(line.lowerBound, line.upperBound)
        guard y < lower.y else { continue }
        crossings.append((upper.x << 16) + ((lower.x - upper.x) << 16) / (lower.y - upper.y) * (y - upper.y))
      }
      crossings.sort()
      for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
        write((crossings[pair] + 0xffff) >> 16, crossings[pair + 1] >> 16)
      }
    }
    withExtendedLifetime(mask) {}
  }
}
