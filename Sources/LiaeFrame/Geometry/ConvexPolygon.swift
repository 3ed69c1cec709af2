// SPDX-License-Identifier: Apache-2.0

/// The convex hull of pixels, and what of it lies in a row, pixel for pixel as cv2.fillConvexPoly draws it.
package struct ConvexPolygon: Sendable {
  /// Each turns the same way: none stands on the line of its neighbours. One or two where the hull is a point or a
  /// line.
  package let vertices: [SIMD2<Int>]
  private let edges: [Edge]

  /// Creates the convex hull by A. Andrew's monotone chain.
  ///
  /// - Precondition: coordinates between -2^28 and 2^28, so that no product overflows.
  package init(hullOf points: [SIMD2<Int>]) {
    let sorted = points.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
    func chain(_ points: some Sequence<SIMD2<Int>>) -> [SIMD2<Int>] {
      var chain: [SIMD2<Int>] = []
      for p in points {
        while chain.count >= 2 {
          let (a, b) = (chain[chain.count - 2], chain[chain.count - 1])
          if (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) > 0 { break }
          chain.removeLast()
        }
        if chain.last != p { chain.append(p) }
      }
      return chain
    }
    // Each chain ends where the other one begins.
    let (there, back) = (chain(sorted), chain(sorted.reversed()))
    vertices = there.count < 2 ? there : there.dropLast() + back.dropLast()
    var edges: [Edge] = []
    for (i, vertex) in vertices.enumerated() { edges.append(Edge(vertex, vertices[(i + 1) % vertices.count])) }
    self.edges = edges
  }

  /// First and last row; nil where there is no point.
  package var rows: ClosedRange<Int>? {
    guard let first = vertices.first else { return nil }
    return vertices.reduce(first.y) { min($0, $1.y) }...vertices.reduce(first.y) { max($0, $1.y) }
  }

  /// The columns that are filled in row `y`.
  package func columns(_ y: Int) -> ClosedRange<Int>? {
    var (first, last) = (Int.max, Int.min)
    for edge in edges where edge.outline.rows.contains(y) {
      let outline = edge.outline.columns(y)
      (first, last) = (min(first, outline.lowerBound), max(last, outline.upperBound))
      // The filling knows no lines, and each of its edges ends above its lower vertex.
      if vertices.count > 2, y < edge.outline.rows.upperBound {
        let x = edge.crossing(y)
        (first, last) = (min(first, x), max(last, x))
      }
    }
    return first <= last ? first...last : nil
  }

  /// Writes `value` where the polygon is, in the canvas's place in the frame. The rest stays.
  package func fill(_ canvas: MaskCanvas, with value: Float = 1) {
    guard canvas.count > 0, let rows else { return }
    let top = max(0, rows.lowerBound - canvas.top)
    let bottom = min(canvas.height - 1, rows.upperBound - canvas.top)
    guard top <= bottom else { return }
    for y in top...bottom {
      guard let columns = columns(y + canvas.top) else { continue }
      let first = max(0, columns.lowerBound - canvas.left)
      let last = min(canvas.width - 1, columns.upperBound - canvas.left)
      if first <= last { (canvas.pixels + y * canvas.width + first).update(repeating: value, count: last - first + 1) }
    }
  }
}

/// A side of the polygon.
private struct Edge: Sendable {
  /// The pixels of the side itself.
  let outline: PixelLine
  private let upper: SIMD2<Int>
  /// The distance that the filling goes right from row to row, from the upper end, in 1/65536 of a pixel.
  private let slope: Int

  init(_ a: SIMD2<Int>, _ b: SIMD2<Int>) {
    outline = PixelLine(a, b)
    let (upper, lower) = a.y <= b.y ? (a, b) : (b, a)
    self.upper = upper
    let height = lower.y - upper.y
    slope = height == 0 ? 0 : ((lower.x - upper.x) << 17 + height) / (2 * height)
  }

  /// The column where the filling meets the side in a row of `outline`: 16 bits of fraction, rounded steps.
  func crossing(_ y: Int) -> Int {
    (upper.x << 16 + (y - upper.y) * slope + 1 << 15) >> 16
  }
}
