// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Tape {
  /// The mean over `size` x `size` pixels with binomial weights, stride 2, of each channel alone; zeros outside count:
  /// y[r, c] = sum over i, j < size of taps[i] * taps[j] * x[2r + i - before, 2c + j - before], before = (size - 1) / 2.
  ///
  /// - Parameter size: 2, 3 or 4. The sides of x are even.
  /// - Throws: `outOfMemory`.
  package func blurPool(_ x: Tensor, size: Int) throws(LiaeError) -> Tensor {
    let pool = BlurPool(size: size, width: x.width, channels: x.channels)
    let y = try Tensor(
      engine, count: x.count, height: x.height / 2, width: x.width / 2, channels: x.channels,
      isDifferentiable: x.isDifferentiable)
    let row = x.width * x.channels, halfRow = y.width * y.channels
    try engine.withBuffer(engine.workers * pool.lineFloats) { lines throws(LiaeError) in
      engine.parallel(y.count * y.height) { index, worker in
        let (image, line) = (index / y.height, lines + worker * pool.lineFloats)
        pool.pool(x.value + image * x.stride, height: x.height, row: index % y.height, line, y.value + index * halfRow)
      }
    }
    record(y) { [engine] () throws(LiaeError) in
      let dy = try y.gradient(), gradient = try x.gradientToWrite()
      try engine.withBuffer(engine.workers * pool.lineFloats) { lines throws(LiaeError) in
        engine.parallel(x.count * x.height) { index, worker in
          let (image, line, out) = (index / x.height, lines + worker * pool.lineFloats, gradient.pointer + index * row)
          if gradient.isFresh { out.update(repeating: 0, count: row) }
          pool.spread(dy + image * y.stride, height: y.height, row: index % x.height, line, addingTo: out)
        }
      }
    }
    return y
  }
}

/// A row at a time of a blur pool and of its transpose, of pixels whose channels stand together.
private struct BlurPool {
  let taps: [Float]
  /// The width of the larger picture, pixels.
  let width: Int
  let channels: Int
  private var before: Int { (taps.count - 1) / 2 }
  /// A row with the zeros on both sides.
  var lineFloats: Int { (width + taps.count) * channels + 16 }

  init(size: Int, width: Int, channels: Int) {
    (self.width, self.channels) = (width, channels)
    // Binomial coefficients.
    var row: [Float] = [1]
    for _ in 1..<size { row = zip(row + [0], [0] + row).map { $0 + $1 } }
    let sum = row.reduce(0, +)
    taps = row.map { $0 / sum }
  }

  /// Row `row` of the result.
  func pool(
    _ x: UnsafePointer<Float>, height: Int, row: Int, _ line: UnsafeMutablePointer<Float>,
    _ out: UnsafeMutablePointer<Float>
  ) {
    let floats = width * channels, first = 2 * row - before
    let (from, to) = (max(0, first), min(height, first + taps.count))
    line.update(repeating: 0, count: lineFloats)
    taps.withUnsafeBufferPointer { taps in
      guard let taps = taps.baseAddress else { return }
      correlate(
        x + from * floats, step: floats, taps: taps + (from - first), size: to - from, into: line + before * channels,
        count: floats)
      for c in 0..<width / 2 {
        // Zeros stand before the row, so that the window begins at the pixel itself.
        correlate(
          line + 2 * c * channels, step: channels, taps: taps, size: self.taps.count, into: out + c * channels,
          count: channels)
      }
    }
  }

  /// Adds to row `row` of the derivative by x.
  func spread(
    _ dy: UnsafePointer<Float>, height: Int, row: Int, _ line: UnsafeMutablePointer<Float>,
    addingTo dx: UnsafeMutablePointer<Float>
  ) {
    let half = width / 2, floats = half * channels
    line.update(repeating: 0, count: floats)
    for (i, tap) in taps.enumerated() {
      let twice = row + before - i
      guard twice >= 0, twice % 2 == 0, twice / 2 < height else { continue }
      let source = dy + twice / 2 * floats
      for k in 0..<floats { line[k] += tap * source[k] }
    }
    for (j, tap) in taps.enumerated() {
      for c in 0..<half {
        let column = 2 * c + j - before
        guard (0..<width).contains(column) else { continue }
        let (target, source) = (dx + column * channels, line + c * channels)
        for k in 0..<channels { target[k] += tap * source[k] }
      }
    }
  }
}
