// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Canvas {
  /// OpenCV's resize: pixels are squares, so that target position x lies at (x + 0.5) · ratio - 0.5; what lies outside
  /// is the pixel of the edge; no smoothing before a reduction. A copy where the sizes agree. The corner stays.
  ///
  /// - Throws: `invalidArgument` for an empty image that is to become a picture, `limitExceeded`, `outOfMemory`.
  @_specialize(where Pixel == Float)
  @_specialize(where Pixel == Color)
  package func resized(width: Int, height: Int, interpolation: Interpolation, workers: Workers = .single)
    throws(LiaeError) -> Canvas
  {
    if (width, height) == (self.width, self.height) { return try copy() }
    let result = try Canvas(unfilled: Self.checkedRegion(width, height, left, top))
    guard result.count > 0 else { return result }
    guard count > 0 else {
      throw LiaeError(
        .invalidArgument, "an image of \(self.width) x \(self.height) pixels cannot become \(width) x \(height)")
    }
    let columns = try Bytes.allocate(width * MemoryLayout<Taps>.stride, for: "the columns of a resize")
    let taps = columns.base.bindMemory(to: Taps.self, capacity: width)
    for x in 0..<width { taps[x] = Taps(x, of: width, in: self.width, interpolation) }
    // First down the columns, into rows with the edge pixels repeated twice, so that each target pixel has its four
    // sources side by side.
    let between = try Canvas(unfilled: Region(width: self.width + 4, height: height))
    workers.bands(height) { rows in
      for y in rows {
        blend(Taps(y, of: height, in: self.height, interpolation), into: between.pixels + y * between.width)
        let (source, target) = (UnsafePointer(between.pixels + y * between.width), result.pixels + y * width)
        for x in 0..<width { target[x] = Pixel.weighted(source + (taps[x].first + 2), taps[x].weights) }
      }
    }
    withExtendedLifetime((self, columns, between)) {}
    return result
  }

  /// Four rows into one, with room for two pixels on either side.
  private func blend(_ taps: Taps, into target: UnsafeMutablePointer<Pixel>) {
    let out = UnsafeMutableRawPointer(target + 2).assumingMemoryBound(to: Float.self)
    func row(_ i: Int) -> UnsafePointer<Float> { UnsafePointer(floats(min(max(taps.first + i, 0), height - 1))) }
    let (a, b, c, d, weights) = (row(0), row(1), row(2), row(3), taps.weights)
    @inline(__always) func block<Block: FloatBlock>(_ x: Int, _: Block.Type) {
      let upper = Block(at: a + x) * weights.x + Block(at: b + x) * weights.y
      let lower = Block(at: c + x) * weights.z + Block(at: d + x) * weights.w
      (upper + lower).store(at: out + x)
    }
    let count = width * Self.lanes
    for x in Swift.stride(from: 0, to: count & ~15, by: 16) { block(x, SIMD16<Float>.self) }
    for x in (count & ~15)..<count { block(x, Float.self) }
    target.update(repeating: target[2], count: 2)
    (target + 2 + width).update(repeating: target[1 + width], count: 2)
  }
}

/// The four neighbours that a target position is made of.
private struct Taps {
  /// The first neighbour; from -2 on.
  var first: Int
  var weights: SIMD4<Float>

  /// - Parameters: position `i` of `target` positions that show `source` pixels.
  init(_ i: Int, of target: Int, in source: Int, _ interpolation: Interpolation) {
    let ratio = 1 / (Double(target) / Double(source))
    // Single precision from here on, as in OpenCV.
    let position = Float((Double(i) + 0.5) * ratio - 0.5)
    let whole = position.rounded(.down)
    first = min(max(Int(whole), -1), source - 1) - 1
    weights = interpolation.weights(at: position - whole)
  }
}
