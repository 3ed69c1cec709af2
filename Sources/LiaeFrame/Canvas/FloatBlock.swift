// SPDX-License-Identifier: Apache-2.0

/// Neighbouring floats of a row that are computed at once. Filters see a row of colours as a row of floats, four a
/// pixel; what remains after the last whole block goes float by float, by the same generic code.
protocol FloatBlock: BitwiseCopyable {
  static func + (a: Self, b: Self) -> Self
  static func * (a: Self, b: Float) -> Self
  static func lesser(_ a: Self, _ b: Self) -> Self
}

extension Float: FloatBlock {
  @inline(__always) static func lesser(_ a: Float, _ b: Float) -> Float { b < a ? b : a }
}

extension SIMD16<Float>: FloatBlock {
  @inline(__always) static func lesser(_ a: Self, _ b: Self) -> Self { a.replacing(with: b, where: b .< a) }
}

extension FloatBlock {
  /// The block that starts at `address`, which need not be aligned.
  @inline(__always)
  init(at address: UnsafePointer<Float>) { self = UnsafeRawPointer(address).loadUnaligned(as: Self.self) }

  @inline(__always)
  func store(at address: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(address).storeBytes(of: self, as: Self.self)
  }
}

extension Canvas {
  /// Floats of a pixel.
  static var lanes: Int { MemoryLayout<Pixel>.stride / MemoryLayout<Float>.stride }

  /// The floats of row `y`, `width` · `lanes` of them.
  func floats(_ y: Int) -> UnsafeMutablePointer<Float> {
    UnsafeMutableRawPointer(pixels + y * width).assumingMemoryBound(to: Float.self)
  }
}

/// Index `i` of a row of `count` >= 1 that is continued by its mirror image around the centre of each end pixel, as
/// often as it takes (OpenCV: reflect-101).
func reflected(_ i: Int, _ count: Int) -> Int {
  if i >= 0 && i < count { return i }
  if count == 1 { return 0 }
  let period = 2 * (count - 1)
  let r = i % period
  let m = r < 0 ? r + period : r
  return m < count ? m : period - m
}
