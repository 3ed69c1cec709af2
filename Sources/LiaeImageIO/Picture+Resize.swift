// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

extension Picture {
  /// The picture at another size, by a separable cubic filter that widens with the reduction, so that shrinking does
  /// not alias. Float pictures only; results are clamped to 0...1, which cubic overshoot may leave.
  ///
  /// The kernel is Keys' with a = -0.5 (R. Keys, Cubic convolution interpolation for digital image processing, 1981),
  /// sampled at pixel centres and normalised per pixel, so that edges keep their level.
  package func resized(width newWidth: Int, height newHeight: Int) throws(LiaeError) -> Picture {
    precondition(format.isFloat)
    if newWidth == width && newHeight == height { return self }
    let channels = format.channels
    let result = try Picture(width: newWidth, height: newHeight, format: format)
    let between = try Picture(width: newWidth, height: height, format: format)
    defer { withExtendedLifetime((between, result)) {} }

    let columns = CubicFilter(from: width, to: newWidth)
    let (source, middle, out) = (floats, between.floats, result.floats)
    for y in 0..<height {
      for x in 0..<newWidth {
        let taps = columns.taps[x]
        for channel in 0..<channels {
          var sum: Float = 0
          for (i, weight) in taps.weights.enumerated() {
            sum += weight * source[(y * width + taps.first + i) * channels + channel]
          }
          middle[(y * newWidth + x) * channels + channel] = sum
        }
      }
    }
    let rows = CubicFilter(from: height, to: newHeight)
    let rowLength = newWidth * channels
    for y in 0..<newHeight {
      let taps = rows.taps[y]
      let target = y * rowLength
      for (i, weight) in taps.weights.enumerated() {
        let from = (taps.first + i) * rowLength
        for x in 0..<rowLength { out[target + x] += weight * middle[from + x] }
      }
      for x in 0..<rowLength { out[target + x] = min(max(out[target + x], 0), 1) }
    }
    return result
  }
}

/// The source pixels that make each target pixel of one axis, and their weights.
private struct CubicFilter {
  struct Taps {
    var first: Int
    var weights: [Float]
  }
  var taps: [Taps]

  init(from: Int, to: Int) {
    let ratio = Double(from) / Double(to)
    let scale = max(ratio, 1)
    taps = (0..<to).map { index in
      let center = (Double(index) + 0.5) * ratio
      let first = max(Int((center - 2 * scale + 0.5).rounded(.down)), 0)
      let end = min(Int((center + 2 * scale + 0.5).rounded(.down)), from)
      let weights = (first..<max(end, first + 1)).map { CubicFilter.kernel((Double($0) + 0.5 - center) / scale) }
      let sum = weights.reduce(0, +)
      return Taps(first: first, weights: weights.map { Float($0 / sum) })
    }
  }

  private static func kernel(_ distance: Double) -> Double {
    let x = abs(distance)
    if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
    if x < 2 { return ((-0.5 * x + 2.5) * x - 4) * x + 2 }
    return 0
  }
}
