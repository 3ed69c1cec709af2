// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Canvas {
  /// OpenCV's filter2D: correlation with a square kernel, borders reflected around the end pixels.
  ///
  /// - Parameters:
  ///   - kernel: side · side weights, row by row; the one at (side / 2, side / 2) falls on the pixel itself.
  ///   - side: in 1...1023. Meant for small or sparse kernels: the cost is pixels times weights that are not 0.
  /// - Throws: `invalidArgument` for a kernel of another size, `limitExceeded`, `outOfMemory`.
  @_specialize(where Pixel == Float)
  @_specialize(where Pixel == Color)
  package func filtered(kernel: [Float], side: Int, workers: Workers = .single) throws(LiaeError) -> Canvas {
    guard (1..<1024).contains(side), kernel.count == side * side else {
      throw LiaeError(
        .invalidArgument, "a kernel of side \(side) with \(kernel.count) weights; expected a side in 1...1023, squared")
    }
    let source = try reflectedAround(before: side / 2, after: side - 1 - side / 2)
    let result = try Canvas(width: width, height: height, left: left, top: top)
    let taps = kernel.indices.filter { kernel[$0] != 0 }.map {
      Tap(offset: ($0 / side * source.width + $0 % side) * Self.lanes, weight: kernel[$0])
    }
    taps.withUnsafeBufferPointer { taps in
      workers.bands(height) { rows in
        for y in rows { result.sumRow(y, taps, from: source) }
      }
    }
    withExtendedLifetime(source) {}
    return result
  }

  private func sumRow(_ y: Int, _ taps: UnsafeBufferPointer<Tap>, from source: Canvas) {
    let (corner, out) = (UnsafePointer(source.floats(y)), floats(y))
    @inline(__always) func block<Block: FloatBlock>(_ x: Int, zero: Block) {
      var sum = zero
      for tap in taps { sum = sum + Block(at: corner + (x + tap.offset)) * tap.weight }
      sum.store(at: out + x)
    }
    let count = width * Self.lanes
    for x in Swift.stride(from: 0, to: count & ~15, by: 16) { block(x, zero: SIMD16<Float>.zero) }
    for x in (count & ~15)..<count { block(x, zero: Float.zero) }
  }

  /// A larger canvas, with this one continued by its mirror image.
  private func reflectedAround(before: Int, after: Int) throws(LiaeError) -> Canvas {
    guard count > 0 else { return try Canvas(width: 0, height: 0) }
    let result = try Canvas(width: width + before + after, height: height + before + after)
    for y in 0..<result.height {
      let source = pixels + reflected(y - before, height) * width
      let target = result.pixels + y * result.width
      (target + before).update(from: source, count: width)
      for x in 0..<before { target[x] = source[reflected(x - before, width)] }
      for x in 0..<after { target[before + width + x] = source[reflected(width + x, width)] }
    }
    withExtendedLifetime(self) {}
    return result
  }
}

/// A weight of a kernel, and how many floats right of and below the window's corner its source stands.
private struct Tap {
  var offset: Int
  var weight: Float
}
