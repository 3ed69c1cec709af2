// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A pixel of a canvas: a weight, or the weights of a colour's channels.
package protocol CanvasPixel: BitwiseCopyable, Equatable, Sendable {
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
  // Comparisons that a NaN passes through, and that become two instructions.
  @inlinable @inline(__always) package var clamped: Float { self < 0 ? 0 : self > 1 ? 1 : self }
}

extension SIMD4<Float>: CanvasPixel {
  // Lane by lane: the compiler makes vectors of it, where it calls a function for the standard library's.
  @inlinable @inline(__always) package var clamped: SIMD4<Float> { SIMD4(x.clamped, y.clamped, z.clamped, w.clamped) }
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
  /// The pixels, valid while the canvas is held.
  package let pixels: UnsafeMutablePointer<Pixel>
  private let storage: Bytes

  package var count: Int { width * height }

  /// Zeros. An empty canvas is possible.
  ///
  /// - Throws: `limitExceeded` for a negative size or more than 2^28 pixels, `outOfMemory`.
  @_specialize(where Pixel == Float)
  @_specialize(where Pixel == Color)
  package convenience init(width: Int, height: Int, left: Int = 0, top: Int = 0) throws(LiaeError) {
    try self.init(unfilled: Self.checkedRegion(width, height, left, top))
    let pixels = pixels
    pieces { piece in (pixels + piece.lowerBound).initialize(repeating: .zero, count: piece.count) }
  }

  /// - Throws: `limitExceeded` for a negative size, which a `Region` cannot have.
  static func checkedRegion(_ width: Int, _ height: Int, _ left: Int, _ top: Int) throws(LiaeError) -> Region {
    guard width >= 0, height >= 0 else { throw LiaeError(.limitExceeded, "an image of \(width) x \(height) pixels") }
    return Region(left: left, top: top, width: width, height: height)
  }

  /// Creates a canvas without content: for an operation that writes every pixel.
  ///
  /// - Throws: `limitExceeded` for more than 2^28 pixels, `outOfMemory`.
  init(unfilled region: Region) throws(LiaeError) {
    let (width, height) = (region.width, region.height)
    guard let count = CheckedSize.product(width, height), count <= 1 << 28 else {
      throw LiaeError(.limitExceeded, "an image of \(width) x \(height) pixels; at most \(1 << 28) pixels are possible")
    }
    storage = try Bytes.allocateUnfilled(
      count * MemoryLayout<Pixel>.stride, for: "an image of \(width) x \(height) pixels")
    (self.width, self.height, left, top) = (width, height, region.left, region.top)
    pixels = storage.base.bindMemory(to: Pixel.self, capacity: max(1, count))
  }

  /// `x` in 0..<width, `y` in 0..<height.
  package subscript(x: Int, y: Int) -> Pixel {
    get { pixels[y * width + x] }
    set { pixels[y * width + x] = newValue }
  }

  /// True if every pixel is a finite number.
  package var isFinite: Bool {
    // Anything times zero is zero, unless it is not finite.
    var sum = Pixel.zero
    pieces { piece in for i in piece { sum = sum + pixels[i] * 0 } }
    return sum == .zero
  }

  /// Calls `body` for ranges that make up 0..<count; once the call is cancelled, for no more.
  @inline(__always)
  func pieces(_ body: (Range<Int>) -> Void) {
    let length = 1 << 18
    var first = 0
    while first < count, !CallScope.isCancelled {
      body(first..<min(count, first + length))
      first += length
    }
  }

  package func copy() throws(LiaeError) -> Canvas {
    let result = try Canvas(unfilled: region)
    pieces { piece in
      (result.pixels + piece.lowerBound).update(from: pixels + piece.lowerBound, count: piece.count)
    }
    return result
  }
}

package typealias ColorCanvas = Canvas<Color>
package typealias MaskCanvas = Canvas<Float>
