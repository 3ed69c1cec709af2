// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Mean and population covariance of an image's colours, channels in the order of the lanes.
package struct ColorMoments: Sendable, Equatable {
  package var mean: ColorMatrix.Vector
  package var covariance: ColorMatrix

  package var deviation: ColorMatrix.Vector {
    let variance = covariance.diagonal
    return variance.replacing(with: 0, where: variance .< 0).squareRoot()
  }

  /// A block of rows is summed at a time and the blocks in their order, so that the sums are the same for any number
  /// of threads. All in Double and around the first pixel, so that one pass does and a constant image has covariance 0.
  ///
  /// - Parameters:
  ///   - image: finite, and not empty.
  ///   - mask: of the image's size; pixels where it is below 0.5 count as zeros, as in DeepFaceLab.
  /// - Throws: `outOfMemory`.
  package init(of image: ColorCanvas, where mask: MaskCanvas? = nil, workers: Workers) throws(LiaeError) {
    let (width, height, pixels, weights) = (image.width, image.height, image.pixels, mask?.pixels)
    let blockRows = 16
    let blocks = (height + blockRows - 1) / blockRows
    let memory = try Bytes.allocate(blocks * MemoryLayout<Sums>.stride, for: "the sums of a colour transfer")
    let sums = memory.base.bindMemory(to: Sums.self, capacity: blocks)
    func pixel(_ index: Int) -> SIMD4<Double> {
      if let weights, !(weights[index] >= 0.5) { return .zero }
      return SIMD4<Double>(pixels[index])
    }
    let origin = pixel(0)
    workers.bands(blocks, minimum: 1) { range in
      for block in range {
        var sum = Sums()
        for index in block * blockRows * width..<min(height, (block + 1) * blockRows) * width {
          let d = pixel(index) - origin
          sum.values += d
          sum.squares += d * d
          sum.products += d * SIMD4(d.y, d.z, d.x, d.w)
        }
        sums[block] = sum
      }
    }
    var total = Sums()
    for block in 0..<blocks {
      total.values += sums[block].values
      total.squares += sums[block].squares
      total.products += sums[block].products
    }
    withExtendedLifetime((memory, image, mask)) {}
    let count = Double(width * height)
    let m = total.values / count
    let squares = total.squares / count - m * m
    let products = total.products / count - m * SIMD4(m.y, m.z, m.x, m.w)
    mean = ColorMatrix.Vector(origin.x + m.x, origin.y + m.y, origin.z + m.z)
    covariance = ColorMatrix(
      columns: ColorMatrix.Vector(squares.x, products.x, products.z),
      ColorMatrix.Vector(products.x, squares.y, products.y), ColorMatrix.Vector(products.z, products.y, squares.z))
  }

  private struct Sums: BitwiseCopyable {
    var values = SIMD4<Double>()
    var squares = SIMD4<Double>()
    /// Lane by lane: first and second channel, second and third, third and first.
    var products = SIMD4<Double>()
  }

  /// The average of both with weight `rate` for `other`.
  func mixed(with other: ColorMoments, rate: Double) -> ColorMoments {
    var result = self
    result.mean += (other.mean - mean) * rate
    result.covariance = covariance * (1 - rate) + other.covariance * rate
    return result
  }
}

/// Temporal smoothing of the statistics that rct, lct, mkl and mkl-m match, over the frames of one face: an
/// exponential average. Used by one caller, in frame order.
package final class ColorSmoothing {
  private let rate: Double
  private var last: (mode: ColorTransfer, face: ColorMoments, reference: ColorMoments)?

  /// - Parameter rate: the weight of the newest frame, 0...1; 1 is no smoothing, and so is a rate that is not a number.
  package init(rate: Double) { self.rate = rate >= 0 && rate <= 1 ? rate : rate < 0 ? 0 : 1 }

  /// Forgets all frames: before another face, or after a cut.
  package func reset() { last = nil }

  /// Returns the moments to use for this frame. Another mode than before starts anew, since its statistics are of
  /// another space.
  func smoothed(_ mode: ColorTransfer, face: ColorMoments, reference: ColorMoments) -> (ColorMoments, ColorMoments) {
    var (face, reference) = (face, reference)
    if let last, last.mode == mode {
      face = last.face.mixed(with: face, rate: rate)
      reference = last.reference.mixed(with: reference, rate: rate)
    }
    last = (mode, face, reference)
    return (face, reference)
  }
}
