// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Canvas {
  /// OpenCV's GaussianBlur: separable, borders reflected around the end pixels.
  ///
  /// - Parameters:
  ///   - kernel: taps along each axis, odd.
  ///   - sigma: in pixels; 0: from `kernel`, by OpenCV's rule.
  /// - Throws: `invalidArgument` for an even kernel, one outside 1...16383, or a sigma below 0; `outOfMemory`.
  @_specialize(where Pixel == Float)
  @_specialize(where Pixel == Color)
  package func gaussianBlurred(kernel: Int, sigma: Double = 0, workers: Workers = .single) throws(LiaeError) -> Canvas {
    guard kernel % 2 == 1, (1..<1 << 14).contains(kernel) else {
      throw LiaeError(.invalidArgument, "a Gaussian of \(kernel) taps; expected an odd number in 1...16383")
    }
    guard sigma >= 0, sigma.isFinite else {
      throw LiaeError(.invalidArgument, "a Gaussian of sigma \(sigma); expected a finite number of at least 0")
    }
    guard kernel > 1, count > 0 else { return try copy() }
    let result = try Canvas(width: width, height: height, left: left, top: top)
    // First down the columns, into rows with their mirrored ends, so that the way along the rows needs no border.
    let radius = kernel / 2
    let between = try Canvas(width: width + 2 * radius, height: height)
    gaussianHalf(kernel, sigma).withUnsafeBufferPointer { weights in
      guard let weights = weights.baseAddress else { return }
      workers.bands(height) { rows in
        blurColumns(weights, radius, rows, into: between)
        for y in rows { result.blurRow(y, weights, radius, from: between) }
      }
    }
    withExtendedLifetime((self, between)) {}
    return result
  }

  private func blurColumns(_ weights: UnsafePointer<Float>, _ radius: Int, _ rows: Range<Int>, into target: Canvas) {
    let start = radius * Self.lanes
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: 2 * radius + 1) { taps in
      guard let taps = taps.baseAddress else { return }
      for y in rows {
        // The centre, then above and below by turns.
        for j in 0...radius {
          taps[max(0, 2 * j - 1)] = UnsafePointer(floats(reflected(y - j, height)))
          taps[2 * j] = UnsafePointer(floats(reflected(y + j, height)))
        }
        let out = target.floats(y) + start
        @inline(__always) func block<Block: FloatBlock>(_ x: Int, _: Block.Type) {
          var sum = Block(at: taps[0] + x) * weights[0]
          for j in 1...radius {
            sum = sum + (Block(at: taps[2 * j - 1] + x) + Block(at: taps[2 * j] + x)) * weights[j]
          }
          sum.store(at: out + x)
        }
        let count = width * Self.lanes
        for x in Swift.stride(from: 0, to: count & ~15, by: 16) { block(x, SIMD16<Float>.self) }
        for x in (count & ~15)..<count { block(x, Float.self) }
        let row = target.pixels + y * target.width
        for i in 1...radius {
          row[radius - i] = row[radius + reflected(-i, width)]
          row[radius + width - 1 + i] = row[radius + reflected(width - 1 + i, width)]
        }
      }
    }
  }

  private func blurRow(_ y: Int, _ weights: UnsafePointer<Float>, _ radius: Int, from source: Canvas) {
    let lanes = Self.lanes
    let centre = UnsafePointer(source.floats(y)) + radius * lanes
    let out = floats(y)
    @inline(__always) func block<Block: FloatBlock>(_ x: Int, _: Block.Type) {
      var sum = Block(at: centre + x) * weights[0]
      var (before, after) = (centre + x, centre + x)
      for j in 1...radius {
        before -= lanes
        after += lanes
        sum = sum + (Block(at: before) + Block(at: after)) * weights[j]
      }
      sum.store(at: out + x)
    }
    let count = width * lanes
    for x in Swift.stride(from: 0, to: count & ~15, by: 16) { block(x, SIMD16<Float>.self) }
    for x in (count & ~15)..<count { block(x, Float.self) }
  }
}

/// The weights from the middle tap to the last. OpenCV has round numbers for the small kernels without a sigma; those
/// up to 7 taps, as in the version that DeepFaceLab pins (later ones have some for 9 too).
private func gaussianHalf(_ kernel: Int, _ sigma: Double) -> [Float] {
  if sigma == 0 {
    switch kernel {
    case 1: return [1]
    case 3: return [0.5, 0.25]
    case 5: return [0.375, 0.25, 0.0625]
    case 7: return [0.28125, 0.21875, 0.109375, 0.03125]
    default: break
    }
  }
  let sigma = sigma > 0 ? sigma : 0.3 * (Double(kernel - 1) * 0.5 - 1) + 0.8
  let half = (0...kernel / 2).map { Math.exp(-0.5 / (sigma * sigma) * Double($0 * $0)) }
  let sum = half.dropFirst().reduce(half[0]) { $0 + 2 * $1 }
  return half.map { Float($0 / sum) }
}
