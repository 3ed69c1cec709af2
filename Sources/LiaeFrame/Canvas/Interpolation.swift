// SPDX-License-Identifier: Apache-2.0

/// The values that are read beyond the edge of an image.
package enum Border: Sendable {
  case zero
  /// The nearest pixel of the edge.
  case replicate
}

/// The interpolation of a value between pixels.
package enum Interpolation: Sendable {
  /// Linear interpolation of the 2 x 2 pixels around.
  case linear
  /// Cubic interpolation of the 4 x 4 pixels around, by Keys' cubic with a = -0.75, as OpenCV has it.
  case cubic

  /// The weights for each 32nd of a pixel, OpenCV's steps where it warps.
  var table: [SIMD4<Float>] { (0..<32).map { weights(at: Float($0) / 32) } }

  /// The weights of the pixels at -1, 0, 1 and 2 for a position `f` right of pixel 0, in 0...1.
  ///
  /// Linear has four too, so that there is one path for both.
  func weights(at f: Float) -> SIMD4<Float> {
    switch self {
    case .linear: return SIMD4(0, 1 - f, f, 0)
    case .cubic:
      let a: Float = -0.75
      func near(_ x: Float) -> Float { ((a + 2) * x - (a + 3)) * x * x + 1 }
      let x = f + 1
      let first = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
      let (second, third) = (near(f), near(1 - f))
      return SIMD4(first, second, third, 1 - first - second - third)
    }
  }
}

extension Float {
  @inline(__always)
  package static func weighted(_ source: UnsafePointer<Float>, _ weights: SIMD4<Float>) -> Float {
    let products = UnsafeRawPointer(source).loadUnaligned(as: SIMD4<Float>.self) * weights
    let pairs = products.lowHalf + products.highHalf
    return pairs.x + pairs.y
  }

  @inline(__always)
  package static func weighted(_ source: UnsafePointer<Float>, stride: Int, x: SIMD4<Float>, y: SIMD4<Float>) -> Float {
    @inline(__always) func row(_ j: Int) -> SIMD4<Float> {
      UnsafeRawPointer(source + j * stride).loadUnaligned(as: SIMD4<Float>.self) * y[j]
    }
    let products = ((row(0) + row(1)) + (row(2) + row(3))) * x
    let pairs = products.lowHalf + products.highHalf
    return pairs.x + pairs.y
  }
}

extension SIMD4<Float> {
  @inline(__always)
  package static func weighted(_ source: UnsafePointer<Self>, _ weights: SIMD4<Float>) -> Self {
    (source[0] * weights.x + source[1] * weights.y) + (source[2] * weights.z + source[3] * weights.w)
  }

  @inline(__always)
  package static func weighted(_ source: UnsafePointer<Self>, stride: Int, x: SIMD4<Float>, y: SIMD4<Float>) -> Self {
    @inline(__always) func row(_ j: Int) -> Self { weighted(source + j * stride, x) * y[j] }
    return (row(0) + row(1)) + (row(2) + row(3))
  }
}
