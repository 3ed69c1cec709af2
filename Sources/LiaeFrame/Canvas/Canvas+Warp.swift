// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Canvas {
  /// The picture under an affine map: OpenCV's warpAffine with WARP_INVERSE_MAP, positions in the source
  /// rounded to 1/32 pixel as it rounds them.
  ///
  /// Coordinates are those of the picture: target pixel (`left` + i, `top` + j) is what stands at `map` of it. A map
  /// that is not finite or leads 2^40 pixels away shows nothing but zeros, whatever the border.
  ///
  /// - Parameter map: from the target to this canvas.
  /// - Throws: `limitExceeded`, `outOfMemory`.
  @_specialize(where Pixel == Float)
  @_specialize(where Pixel == Color)
  package func warped(
    _ map: Affine, width: Int, height: Int, left: Int = 0, top: Int = 0, interpolation: Interpolation = .cubic,
    border: Border = .zero, workers: Workers = .single
  ) throws(LiaeError) -> Canvas {
    let region = try Self.checkedRegion(width, height, left, top)
    guard let grid = try FixedGrid(map, target: region), count > 0 else { return try Canvas(region) }
    let result = try Canvas(unfilled: region)
    let table = interpolation.table
    table.withUnsafeBufferPointer { table in
      guard let table = table.baseAddress else { return }
      workers.bands(height) { rows in
        for j in rows { warp(grid.row(j), table, border, into: result.pixels + j * width) }
      }
    }
    withExtendedLifetime((self, grid)) {}
    return result
  }

  private func warp(
    _ row: FixedGrid.Row, _ table: UnsafePointer<SIMD4<Float>>, _ border: Border,
    into target: UnsafeMutablePointer<Pixel>
  ) {
    var touched = 0..<row.count
    if border == .zero {
      touched = row.x(within: left &- 2, left &+ self.width).clamped(to: row.y(within: top &- 2, top &+ self.height))
    }
    let inside = row.x(within: left &+ 1, left &+ self.width &- 3)
      .clamped(to: row.y(within: top &+ 1, top &+ self.height &- 3)).clamped(to: touched)
    let (left, top, width) = (left, top, width)
    target.update(repeating: .zero, count: touched.lowerBound)
    (target + touched.upperBound).update(repeating: .zero, count: row.count - touched.upperBound)
    for i in touched.lowerBound..<inside.lowerBound { target[i] = edge(row[i], table, border) }
    for i in inside {
      let (x, y) = row[i]
      let corner = ((y >> 5) &- top &- 1) &* width &+ (x >> 5) &- left &- 1
      target[i] = Pixel.weighted(pixels + corner, stride: width, x: table[x & 31], y: table[y & 31])
    }
    for i in inside.upperBound..<touched.upperBound { target[i] = edge(row[i], table, border) }
  }

  /// A pixel some of whose 16 sources lie outside: the same sum, over a copy with the border in their places.
  ///
  /// - Parameter position: in 1/32 pixels.
  @inline(never)
  func edge(_ position: (x: Int, y: Int), _ table: UnsafePointer<SIMD4<Float>>, _ border: Border) -> Pixel {
    let (x, y) = ((position.x >> 5) &- left &- 1, (position.y >> 5) &- top &- 1)
    return withUnsafeTemporaryAllocation(of: Pixel.self, capacity: 16) { sources in
      guard let sources = sources.baseAddress else { return .zero }
      switch border {
      case .zero:
        sources.initialize(repeating: .zero, count: 16)
        for j in 0..<4 where (0..<height).contains(y &+ j) {
          for i in 0..<4 where (0..<width).contains(x &+ i) { sources[4 * j + i] = self[x &+ i, y &+ j] }
        }
      case .replicate:
        for j in 0..<4 {
          for i in 0..<4 {
            sources[4 * j + i] = self[min(max(x &+ i, 0), width - 1), min(max(y &+ j, 0), height - 1)]
          }
        }
      }
      return Pixel.weighted(sources, stride: 4, x: table[position.x & 31], y: table[position.y & 31])
    }
  }
}

/// Positions of target pixels in the source, in 1/32 pixels, to the bit as OpenCV computes them: column and row terms
/// are rounded to 1/1024 pixel each, their sum to 1/32.
private struct FixedGrid {
  /// The terms of the columns: count times x, then count times y.
  private let columns: Bytes
  private let count: Int
  private let map: Affine
  private let top: Double

  /// Returns nil when there is nothing to compute: an empty target, or a map that leads out of all bounds.
  init?(_ map: Affine, target: Region) throws(LiaeError) {
    guard !target.isEmpty else { return nil }
    let x = max(abs(Double(target.left)), abs(Double(target.left) + Double(target.width)))
    let y = max(abs(Double(target.top)), abs(Double(target.top) + Double(target.height)))
    // Terms below 2^50 stay exact integers and their sums within Int. A NaN fails both comparisons.
    let limit = Double(1 << 40)
    guard abs(map.xx) * x + abs(map.xy) * y + abs(map.tx) < limit,
      abs(map.yx) * x + abs(map.yy) * y + abs(map.ty) < limit
    else { return nil }
    (self.map, count, top) = (map, target.width, Double(target.top))
    columns = try Bytes.allocate(2 * count * MemoryLayout<Int>.stride, for: "the columns of a warp")
    let terms = columns.base.bindMemory(to: Int.self, capacity: 2 * count)
    for i in 0..<count {
      let x = Double(target.left) + Double(i)
      terms[i] = Self.fixed(map.xx * x)
      terms[count + i] = Self.fixed(map.yx * x)
    }
  }

  private static func fixed(_ v: Double) -> Int { Int((v * 1024).rounded(.toNearestOrEven)) }

  func row(_ j: Int) -> Row {
    let y = top + Double(j)
    let terms = UnsafePointer(columns.base.assumingMemoryBound(to: Int.self))
    return Row(
      xs: terms, ys: terms + count, count: count, x: Self.fixed(map.xy * y + map.tx) + 16,
      y: Self.fixed(map.yy * y + map.ty) + 16)
  }

  struct Row {
    fileprivate let xs, ys: UnsafePointer<Int>
    fileprivate let count: Int
    fileprivate let x, y: Int

    @inline(__always)
    subscript(i: Int) -> (x: Int, y: Int) { ((x &+ xs[i]) >> 5, (y &+ ys[i]) >> 5) }

    /// The target pixels whose whole source coordinate lies in low...high.
    func x(within low: Int, _ high: Int) -> Range<Int> { Self.indices(xs, count, x, low, high) }
    func y(within low: Int, _ high: Int) -> Range<Int> { Self.indices(ys, count, y, low, high) }

    /// The terms rise or fall throughout, so the indices are one range and bisection finds its ends.
    private static func indices(_ terms: UnsafePointer<Int>, _ count: Int, _ row: Int, _ low: Int, _ high: Int)
      -> Range<Int>
    {
      func first(_ holds: (Int) -> Bool) -> Int {
        var (below, above) = (0, count)
        while below < above {
          let middle = (below + above) / 2
          if holds((row &+ terms[middle]) >> 10) { above = middle } else { below = middle + 1 }
        }
        return below
      }
      let rises = terms[count - 1] >= terms[0]
      let start = rises ? first { $0 >= low } : first { $0 <= high }
      let end = rises ? first { $0 > high } : first { $0 < low }
      return start..<max(start, end)
    }
  }
}
