// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The weights of a symmetric filter along one axis; the filter of the plane is their outer product.
final class FilterKernel {
  let size: Int
  let taps: UnsafePointer<Float>
  private let storage: Bytes

  /// Gaussian, centred between the ends, of sum 1.
  ///
  /// - Throws: `outOfMemory`.
  init(size: Int, sigma: Double) throws(LiaeError) {
    storage = try Bytes.allocate(size * 4, for: "a filter")
    self.size = size
    let taps = storage.base.assumingMemoryBound(to: Float.self)
    func weight(_ i: Int) -> Double {
      let x = Double(i) - Double(size - 1) / 2
      return Math.exp(-x * x / (2 * sigma * sigma))
    }
    let sum = (0..<size).reduce(0) { $0 + weight($1) }
    for i in 0..<size { taps[i] = Float(weight(i) / sum) }
    self.taps = UnsafePointer(taps)
  }

  /// DeepFaceLab's size of a blur: four deviations, at least 3, odd.
  static func blurSize(_ sigma: Double) -> Int { max(3, Int(4 * sigma)) | 1 }
}

/// Eight floats: two registers of the baseline, which keeps four sums and their operands in its sixteen.
typealias Floats = SIMD8<Float>

@inline(__always) func load(_ p: UnsafePointer<Float>) -> Floats {
  UnsafeRawPointer(p).loadUnaligned(as: Floats.self)
}
@inline(__always) func load(_ p: UnsafeMutablePointer<Float>) -> Floats { load(UnsafePointer(p)) }
@inline(__always) func store(_ p: UnsafeMutablePointer<Float>, _ x: Floats) {
  UnsafeMutableRawPointer(p).storeBytes(of: x, as: Floats.self)
}

/// out[x] = sum over i < size of taps[i] * input[x + i * step], x in 0..<count.
///
/// With a step of a row it filters down, with one of a pixel's channels along the row; the step may be negative.
func correlate(
  _ input: UnsafePointer<Float>, step: Int, taps: UnsafePointer<Float>, size: Int,
  into out: UnsafeMutablePointer<Float>, count: Int
) {
  var x = 0
  while x &+ 16 <= count {
    var p = input + x
    var (a, b) = (Floats.zero, Floats.zero)
    for i in 0..<size {
      let k = Floats(repeating: taps[i])
      a += k * load(p)
      b += k * load(p + 8)
      p += step
    }
    store(out + x, a)
    store(out + x + 8, b)
    x &+= 16
  }
  while x < count {
    var (p, a) = (input + x, Float(0))
    for i in 0..<size {
      a += taps[i] * p.pointee
      p += step
    }
    out[x] = a
    x &+= 1
  }
}
