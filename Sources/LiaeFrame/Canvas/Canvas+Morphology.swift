// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Canvas where Pixel == Float {
  /// OpenCV's dilate with its ellipse of `n` x `n` pixels and the anchor at (n / 2, n / 2): the greatest value under
  /// the ellipse; pixels outside do not count. A copy for n = 1.
  ///
  /// - Parameter n: in 1...4095.
  /// - Throws: `invalidArgument`, `outOfMemory`.
  package func dilated(ellipse n: Int, workers: Workers = .single) throws(LiaeError) -> MaskCanvas {
    try least(under: n, sign: -1, workers)
  }

  /// OpenCV's erode, as `dilated(ellipse:workers:)`: the least value.
  package func eroded(ellipse n: Int, workers: Workers = .single) throws(LiaeError) -> MaskCanvas {
    try least(under: n, sign: 1, workers)
  }

  /// The least value of sign · pixel under an ellipse, times sign.
  ///
  /// A row of the ellipse is a span of pixels, and the least of a span comes from two overlapping spans of a power of two.
  /// So each source row is made into the leasts of 1, 2, 4, 8 ... pixels once, and lowers every target row that it is
  /// under the ellipse of: the cost for a pixel grows with `n`, not with its square.
  private func least(under n: Int, sign: Float, _ workers: Workers) throws(LiaeError) -> MaskCanvas {
    guard (1..<4096).contains(n) else {
      throw LiaeError(.invalidArgument, "an ellipse of \(n) pixels; expected 1...4095")
    }
    guard n > 1, count > 0 else { return try copy() }
    let result = try MaskCanvas(width: width, height: height, left: left, top: top)
    let spans = ellipseSpans(n)
    spans.withUnsafeBufferPointer { spans in
      // Few and tall bands: at their ends source rows are read twice.
      workers.bands(height, minimum: 64) { rows in
        for x in stride(from: 0, to: width, by: strip) {
          least(x..<min(x + strip, width), rows, spans, sign, into: result)
        }
      }
    }
    withExtendedLifetime(self) {}
    return result
  }

  /// Columns that are worked on at once, so that the target rows in reach stay in the cache.
  private var strip: Int { 512 }

  private func least(
    _ columns: Range<Int>, _ rows: Range<Int>, _ spans: UnsafeBufferPointer<Span>, _ sign: Float,
    into result: MaskCanvas
  ) {
    let (n, anchor, count) = (spans.count, spans.count / 2, columns.count)
    let target = result.pixels + columns.lowerBound
    for y in rows { (target + y * width).update(repeating: .infinity, count: count) }
    // A level is the leasts of 2^level pixels that begin at each pixel of the strip and of the ellipse around it.
    let length = count + n
    let levels = Int.bitWidth - n.leadingZeroBitCount
    withUnsafeTemporaryAllocation(of: Float.self, capacity: levels * length) { memory in
      guard let memory = memory.baseAddress else { return }
      memory.initialize(repeating: .infinity, count: levels * length)
      let first = columns.lowerBound - anchor
      let present = max(first, 0)..<min(first + count + n, width)
      let last = rows.upperBound - 1 + (n - 1 - anchor)
      for sourceY in max(0, rows.lowerBound - anchor)..<min(height, last + 1) {
        let source = pixels + sourceY * width
        for x in present { memory[x - first] = source[x] * sign }
        for level in 1..<levels {
          let (finer, coarser) = (memory + (level - 1) * length, memory + level * length)
          Self.lower(coarser, by: finer, finer + (1 << (level - 1)), keeping: false, count: length - (1 << level) + 1)
        }
        for (i, span) in spans.enumerated() {
          let y = sourceY - i + anchor
          guard rows.contains(y) else { continue }
          let from = memory + (span.level * length + span.start)
          Self.lower(target + y * width, by: from, from + span.second, keeping: true, count: count)
        }
      }
    }
    if sign < 0 {
      for y in rows { for x in columns { result.pixels[y * width + x] *= sign } }
    }
  }

  /// target = the lesser of a and b, and, if `keeping`, of what it was.
  @inline(__always)
  private static func lower(
    _ target: UnsafeMutablePointer<Float>, by a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, keeping: Bool,
    count: Int
  ) {
    @inline(__always) func block<Block: FloatBlock>(_ x: Int, _: Block.Type) {
      let least = Block.lesser(Block(at: a + x), Block(at: b + x))
      (keeping ? Block.lesser(Block(at: target + x), least) : least).store(at: target + x)
    }
    for x in Swift.stride(from: 0, to: count & ~15, by: 16) { block(x, SIMD16<Float>.self) }
    for x in (count & ~15)..<count { block(x, Float.self) }
  }
}

/// A row of the ellipse as two spans of 2^level pixels that overlap: one from column `start` of the ellipse's square, the
/// other `second` columns after it.
private struct Span {
  var level: Int
  var start: Int
  var second: Int
}

/// OpenCV's getStructuringElement(MORPH_ELLIPSE, (n, n)), row by row: the ellipse has its middle at n / 2, so that one of
/// even size lacks its right and bottom ends.
private func ellipseSpans(_ n: Int) -> [Span] {
  let radius = n / 2
  return (0..<n).map { i in
    let dy = i - radius
    let share = radius > 0 ? Double(radius * radius - dy * dy) / Double(radius * radius) : 0
    let half = Int((Double(radius) * share.squareRoot()).rounded(.toNearestOrEven))
    let (start, end) = (radius - half, min(radius + half + 1, n))
    let level = Int.bitWidth - 1 - (end - start).leadingZeroBitCount
    return Span(level: level, start: start, second: end - start - (1 << level))
  }
}
