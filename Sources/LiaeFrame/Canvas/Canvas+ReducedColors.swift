// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Canvas where Pixel == Color {
  /// The image in its own 256 colours, as Pillow's adaptive palette has them: values truncated to bytes, a palette by
  /// median cut, for each pixel the nearest colour of it. What is not a number counts as 0.
  ///
  /// - Throws: `outOfMemory`.
  package func reducedTo256Colors(workers: Workers = .single) throws(LiaeError) -> ColorCanvas {
    let result = try ColorCanvas(unfilled: region)
    guard count > 0 else { return result }
    let cells = try ColorCells(self)
    let palette = try Palette(cells)
    workers.bands(height, maximum: 8) { rows in
      for i in rows.lowerBound * width..<rows.upperBound * width {
        let color = bytes(of: pixels[i])
        result.pixels[i] = Color(palette.nearest(to: color, from: cells[color].pointee.box)) / 255
      }
    }
    withExtendedLifetime((self, cells, palette)) {}
    return result
  }
}

/// Blue, green, red in 0...255, and 0.
typealias ByteColor = SIMD4<Int32>

/// Truncated, as numpy does it.
@inline(__always)
func bytes(of color: Color) -> ByteColor {
  var scaled = color * 255
  // In this form a NaN becomes 0.
  scaled.replace(with: 0, where: .!(scaled .> 0))
  scaled.replace(with: 255, where: scaled .> 255)
  return ByteColor(Int32(scaled.x), Int32(scaled.y), Int32(scaled.z), 0)
}

/// A palette of at most 256 colours, and for each of them all others by their distance from it.
private struct Palette {
  private let memory: Bytes
  private let colors: UnsafeMutablePointer<ByteColor>
  /// Row i: for each colour, its squared distance from colour i · 256 + its index; ascending.
  private let neighbours: UnsafeMutablePointer<UInt32>
  private let count: Int

  init(_ cells: ColorCells) throws(LiaeError) {
    let (colorBytes, rowBytes) = (256 * MemoryLayout<ByteColor>.stride, 256 * MemoryLayout<UInt32>.stride)
    memory = try Bytes.allocate(colorBytes + 256 * rowBytes, for: "a palette")
    colors = memory.base.bindMemory(to: ByteColor.self, capacity: 256)
    neighbours = (memory.base + colorBytes).bindMemory(to: UInt32.self, capacity: 256 * 256)
    count = try cells.cut(into: colors)
    for i in 0..<count {
      var row = UnsafeMutableBufferPointer(start: neighbours + 256 * i, count: count)
      for j in 0..<count { row[j] = UInt32(distance(colors[i], colors[j])) << 8 | UInt32(j) }
      row.sort()
    }
  }

  @inline(__always)
  private func distance(_ a: ByteColor, _ b: ByteColor) -> Int32 {
    let d = a &- b
    return d.x &* d.x &+ d.y &* d.y &+ d.z &* d.z
  }

  /// - Parameter start: a colour that is near, the one of the pixel's own box. By the triangle inequality one that is
  ///   more than twice as far from it as the pixel is cannot be nearer to the pixel. Of equals the first one found stays.
  func nearest(to color: ByteColor, from start: UInt8) -> ByteColor {
    var best = colors[Int(start)]
    var least = distance(color, best)
    guard least > 0 else { return best }
    let (reach, row) = (4 * least, neighbours + 256 * Int(start))
    for i in 0..<count {
      if Int32(row[i] >> 8) > reach { break }
      let candidate = colors[Int(row[i] & 255)]
      let d = distance(color, candidate)
      if d < least { (best, least) = (candidate, d) }
    }
    return best
  }
}
