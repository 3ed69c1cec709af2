// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// An edge-preserving blur as OpenCV's bilateralFilter of float images with d = 0: a disc of radius 1.5·sigmaSpace,
/// weights exp(-r²/2s²)·exp(-d²/2c²) with d the sum of the channels' absolute differences, borders reflect-101.
/// Source: C. Tomasi, R. Manduchi, Bilateral Filtering for Gray and Color Images (1998).
package struct BilateralFilter {
  private let radius: Int
  /// The weight of a distance d² between colours, as an exponent of 2.
  private let colorExponent: Float
  private let spaceExponent: Float

  /// Creates a filter; both sigmas are above 0, `sigmaSpace` at most 100.
  package init(sigmaColor: Float, sigmaSpace: Float) {
    radius = max(1, Int((1.5 * sigmaSpace).rounded(.toNearestOrEven)))
    let log2e = Float(1.442_695_040_9)
    colorExponent = -log2e / (2 * sigmaColor * sigmaColor)
    spaceExponent = -log2e / (2 * sigmaSpace * sigmaSpace)
  }

  /// A new image. OpenCV looks exp up in a table; results are within 1e-5 of the largest change.
  ///
  /// - Throws: `outOfMemory`.
  package func filtered(_ image: ColorCanvas, workers: Workers) throws(LiaeError) -> ColorCanvas {
    let result = try ColorCanvas(width: image.width, height: image.height, left: image.left, top: image.top)
    guard image.count > 0 else { return result }
    let (width, height, radius) = (image.width, image.height, self.radius)
    // A plane for each channel, with the border around it and room to read four columns at a time.
    let stride = width + 2 * radius + 3
    let rows = height + 2 * radius
    let padded = try MaskCanvas(width: stride, height: rows * 3)
    let plane = stride * rows
    let (source, planes, out) = (image.pixels, padded.pixels, result.pixels)
    workers.bands(rows) { range in
      for y in range {
        let row = source + reflected(y - radius, height) * width
        let to = planes + y * stride
        for x in 0..<stride {
          let pixel = row[reflected(x - radius, width)]
          (to[x], to[plane + x], to[2 * plane + x]) = (pixel.x, pixel.y, pixel.z)
        }
      }
    }
    workers.bands(height, minimum: 1) { range in
      var four = Four()
      for y in range {
        for x in Swift.stride(from: 0, to: width, by: 4) {
          average(&four, around: planes + (y + radius) * stride + x + radius, stride, plane)
          for lane in 0..<min(4, width - x) {
            out[y * width + x + lane] = Color(four.blue[lane], four.green[lane], four.red[lane], 0)
          }
        }
      }
    }
    withExtendedLifetime((image, padded, result)) {}
    return result
  }

  /// Four pixels side by side.
  private struct Four {
    var blue = SIMD4<Float>()
    var green = SIMD4<Float>()
    var red = SIMD4<Float>()
  }

  /// The four pixels from `center` on. Not inlined: seeing how its caller takes the lanes apart, the compiler would
  /// transpose the sums at every tap.
  @inline(never) private func average(
    _ result: inout Four, around center: UnsafePointer<Float>, _ stride: Int, _ plane: Int
  ) {
    let (blue, green, red) = (Self.four(center), Self.four(center + plane), Self.four(center + 2 * plane))
    var (blueSum, greenSum, redSum, weightSum) = (SIMD4<Float>(), SIMD4<Float>(), SIMD4<Float>(), SIMD4<Float>())
    for dy in -radius...radius {
      let reach = Int(Double(radius * radius - dy * dy).squareRoot())
      let row = center + dy * stride
      let rowExponent = Float(dy * dy) * spaceExponent
      for dx in -reach...reach {
        let b = Self.four(row + dx)
        let g = Self.four(row + plane + dx)
        let r = Self.four(row + 2 * plane + dx)
        let distance = Self.magnitude(b - blue) + Self.magnitude(g - green) + Self.magnitude(r - red)
        let space = rowExponent + Float(dx &* dx) * spaceExponent
        let weight = Self.exp2(distance * distance * colorExponent + space)
        blueSum += b * weight
        greenSum += g * weight
        redSum += r * weight
        weightSum += weight
      }
    }
    // The centre's weight is 1.
    let scale = 1 / weightSum
    (result.blue, result.green, result.red) = (blueSum * scale, greenSum * scale, redSum * scale)
  }

  @inline(__always) private static func four(_ pointer: UnsafePointer<Float>) -> SIMD4<Float> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Float>.self)
  }

  @inline(__always) private static func magnitude(_ v: SIMD4<Float>) -> SIMD4<Float> {
    unsafeBitCast(unsafeBitCast(v, to: SIMD4<UInt32>.self) & 0x7fff_ffff, to: SIMD4<Float>.self)
  }

  /// 2^x for x <= 0, to a relative 3e-6; at least 2^-126.
  @inline(__always) private static func exp2(_ x: SIMD4<Float>) -> SIMD4<Float> {
    let clipped = x.replacing(with: -126, where: x .< -126)
    // The whole part through 1.5·2^23, whose low bits are then an integer; the rest is within -0.5...0.5.
    let shifted = clipped + 12_582_912
    let f = clipped - (shifted - 12_582_912)
    let exponent = unsafeBitCast(shifted, to: SIMD4<UInt32>.self) &<< 23
    // Taylor's series: ln 2^k / k!.
    var power = f * 0.001_333_355_8 + 0.009_618_129_1
    power = power * f + 0.055_504_108_7
    power = power * f + 0.240_226_507
    power = power * f + 0.693_147_181
    power = power * f + 1
    return unsafeBitCast(unsafeBitCast(power, to: SIMD4<UInt32>.self) &+ exponent, to: SIMD4<Float>.self)
  }
}
