// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// Measures how near a picture is to the truth where a mask says that it counts. Values are 0...1; a pixel counts where
/// the mask is 0.5 or more.
package struct ImageQuality: Sendable, Equatable {
  /// Peak signal-to-noise ratio over all counting values, dB; infinite for equal pictures.
  package var psnr: Double
  /// Mean of the structural similarity over counting pixels and the three channels. Windows reach over the mask's edge.
  package var ssim: Double

  /// Peak signal-to-noise ratio of a mean squared error against a peak of 1, dB; infinite for 0.
  package static func psnr(meanSquare: Double) -> Double { meanSquare == 0 ? .infinity : -10 * Math.log10(meanSquare) }

  /// Returns the pixels that a comparison of two faces looks at: those that are face in both, so that neither hair nor
  /// ground of one is held against the skin of the other.
  package static func intersection(_ a: MaskCanvas, _ b: MaskCanvas) throws(LiaeError) -> MaskCanvas {
    let result = try MaskCanvas(width: a.width, height: a.height)
    for i in 0..<result.count { result.pixels[i] = min(a.pixels[i], b.pixels[i]) }
    withExtendedLifetime((a, b)) {}
    return result
  }

  /// Returns `picture` with the mean and the standard deviation of `truth` in each channel, over the pixels that count:
  /// what is left of a difference when light and colour are right. A mask that counts nothing changes nothing.
  package static func colorsMatched(
    _ picture: ColorCanvas, to truth: ColorCanvas, within mask: MaskCanvas
  ) throws(LiaeError) -> ColorCanvas {
    let result = try ColorCanvas(width: picture.width, height: picture.height)
    defer { withExtendedLifetime((picture, truth, mask, result)) {} }
    let counting = (0..<min(picture.count, truth.count, mask.count)).filter { mask.pixels[$0] >= 0.5 }
    let count = Double(max(1, counting.count))
    func moments(_ canvas: ColorCanvas, _ channel: Int) -> (mean: Double, deviation: Double) {
      let sum = counting.reduce(0) { $0 + Double(canvas.pixels[$1][channel]) }
      let squares = counting.reduce(0) { $0 + Double(canvas.pixels[$1][channel]) * Double(canvas.pixels[$1][channel]) }
      return (sum / count, max(0, squares / count - sum / count * (sum / count)).squareRoot())
    }
    for i in 0..<picture.count { result.pixels[i] = picture.pixels[i] }
    for channel in 0..<3 {
      let (from, to) = (moments(picture, channel), moments(truth, channel))
      let gain = from.deviation > 0 ? to.deviation / from.deviation : 1
      for i in 0..<result.count {
        result.pixels[i][channel] = Float((Double(result.pixels[i][channel]) - from.mean) * gain + to.mean)
      }
    }
    result.clamp()
    return result
  }

  /// - Throws: `shapeMismatch` where sizes differ, `invalidArgument` where the mask counts nothing.
  package init(_ picture: ColorCanvas, truth: ColorCanvas, within mask: MaskCanvas) throws(LiaeError) {
    let (width, height) = (truth.width, truth.height)
    for (w, h) in [(picture.width, picture.height), (mask.width, mask.height)] where (w, h) != (width, height) {
      throw LiaeError(.shapeMismatch, "pictures of \(w) x \(h) and \(width) x \(height) pixels cannot be compared")
    }
    defer { withExtendedLifetime((picture, truth, mask)) {} }
    let counting = (0..<truth.count).filter { mask.pixels[$0] >= 0.5 }
    guard !counting.isEmpty else { throw LiaeError(.invalidArgument, "the mask counts no pixel") }
    var (error, similarity) = (0.0, 0.0)
    for channel in 0..<3 {
      let a = (0..<truth.count).map { Double(picture.pixels[$0][channel]) }
      let b = (0..<truth.count).map { Double(truth.pixels[$0][channel]) }
      for i in counting { error += (a[i] - b[i]) * (a[i] - b[i]) }
      let map = Self.similarity(a, b, width: width, height: height)
      for i in counting { similarity += map[i] }
    }
    let values = Double(3 * counting.count)
    psnr = Self.psnr(meanSquare: error / values)
    ssim = similarity / values
  }

  /// The structural similarity around each pixel: Gaussian windows of 11 x 11 and deviation 1.5, constants (0.01)² and
  /// (0.03)², borders mirrored. Source: Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment:
  /// from error visibility to structural similarity", IEEE TIP 13 (2004).
  static func similarity(_ a: [Double], _ b: [Double], width: Int, height: Int) -> [Double] {
    func blurred(_ values: [Double]) -> [Double] { Self.blurred(values, width: width, height: height) }
    let (meanA, meanB) = (blurred(a), blurred(b))
    let squareA = blurred(a.map { $0 * $0 })
    let squareB = blurred(b.map { $0 * $0 })
    let product = blurred(zip(a, b).map { $0 * $1 })
    let (c1, c2) = (0.0001, 0.0009)
    return a.indices.map { i in
      let (p, q) = (meanA[i], meanB[i])
      let (varianceA, varianceB, covariance) = (squareA[i] - p * p, squareB[i] - q * q, product[i] - p * q)
      return (2 * p * q + c1) * (2 * covariance + c2) / ((p * p + q * q + c1) * (varianceA + varianceB + c2))
    }
  }

  private static let window: [Double] = {
    let weights = (-5...5).map { Math.exp(-Double($0 * $0) / 4.5) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }()

  private static func blurred(_ values: [Double], width: Int, height: Int) -> [Double] {
    let between = pass(values, count: width, stride: 1, lines: height, lineStride: width)
    return pass(between, count: height, stride: width, lines: width, lineStride: 1)
  }

  private static func pass(_ values: [Double], count: Int, stride: Int, lines: Int, lineStride: Int) -> [Double] {
    var result = [Double](repeating: 0, count: values.count)
    // d c b a | a b c d | d c b a, as often as needed.
    func mirrored(_ i: Int) -> Int {
      let j = ((i % (2 * count)) + 2 * count) % (2 * count)
      return j < count ? j : 2 * count - 1 - j
    }
    let sources = (0..<count).map { i in (-5...5).map { mirrored(i + $0) * stride } }
    for line in 0..<lines {
      let start = line * lineStride
      for i in 0..<count {
        var sum = 0.0
        for (weight, source) in zip(window, sources[i]) { sum += weight * values[start + source] }
        result[start + i * stride] = sum
      }
    }
    return result
  }
}
