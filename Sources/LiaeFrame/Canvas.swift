// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// What a canvas is made of: a weight, or the weights of a colour's channels.
package protocol CanvasPixel: BitwiseCopyable, Sendable {
  static var zero: Self { get }
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Float) -> Self
  /// Each channel within 0...1.
  var clamped: Self { get }
  /// Sum over i of weights[i] · source[i], i in 0..<4.
  static func weighted(_ source: UnsafePointer<Self>, _ weights: SIMD4<Float>) -> Self
  /// Sum over j, i of y[j] · x[i] · source[j · stride + i], both in 0..<4.
  static func weighted(_ source: UnsafePointer<Self>, stride: Int, x: SIMD4<Float>, y: SIMD4<Float>) -> Self
}

/// Blue, green, red, and a fourth lane that is of no meaning and stays finite.
package typealias Color = SIMD4<Float>

extension Float: CanvasPixel {
  package var clamped: Float { Swift.min(Swift.max(self, 0), 1) }
}

extension SIMD4<Float>: CanvasPixel {
  package var clamped: SIMD4<Float> { self.clamped(lowerBound: .zero, upperBound: .one) }
}

/// A float image on memory of its own: rows from top to bottom without gaps. Index (0, 0) stands at (`left`, `top`) of
/// the picture that it is a part of.
///
/// Written by the function that makes it, before it hands it out, or by one that says so.
package final class Canvas<Pixel: CanvasPixel>: @unchecked Sendable {
  package let width: Int
  package let height: Int
  package let left: Int
  package let top: Int
  /// Valid while the canvas is held.
  package let pixels: UnsafeMutablePointer<Pixel>
  private let storage: Bytes

  package var count: Int { width * height }

  /// Zeros. An empty canvas is possible.
  ///
  /// - Throws: `limitExceeded` for a negative size or more than 2^28 pixels, `outOfMemory`.
  package init(width: Int, height: Int, left: Int = 0, top: Int = 0) throws(LiaeError) {
    guard let count = CheckedSize.product(width, height), count <= 1 << 28 else {
      throw LiaeError(.limitExceeded, "an image of \(width) x \(height) pixels; at most \(1 << 28) pixels are possible")
    }
    storage = try Bytes.allocate(count * MemoryLayout<Pixel>.stride, for: "an image of \(width) x \(height) pixels")
    (self.width, self.height, self.left, self.top) = (width, height, left, top)
    pixels = storage.base.bindMemory(to: Pixel.self, capacity: max(1, count))
  }

  /// `x` in 0..<width, `y` in 0..<height.
  package subscript(x: Int, y: Int) -> Pixel {
    get { pixels[y * width + x] }
    set { pixels[y * width + x] = newValue }
  }

  package func copy() throws(LiaeError) -> Canvas {
    let result = try Canvas(width: width, height: height, left: left, top: top)
    result.pixels.update(from: pixels, count: count)
    return result
  }
}

package typealias ColorCanvas = Canvas<Color>
package typealias MaskCanvas = Canvas<Float>
