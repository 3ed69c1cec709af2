// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A complex number for each channel.
struct ComplexColor: BitwiseCopyable {
  var real: Color
  var imaginary: Color

  static func + (a: Self, b: Self) -> Self { Self(real: a.real + b.real, imaginary: a.imaginary + b.imaginary) }
  static func - (a: Self, b: Self) -> Self { Self(real: a.real - b.real, imaginary: a.imaginary - b.imaginary) }
  static func * (a: Self, k: Float) -> Self { Self(real: a.real * k, imaginary: a.imaginary * k) }

  /// Times w.x + i·w.y.
  static func * (a: Self, w: SIMD2<Float>) -> Self {
    Self(real: a.real * w.x - a.imaginary * w.y, imaginary: a.real * w.y + a.imaginary * w.x)
  }

  var conjugate: Self { Self(real: real, imaginary: -imaginary) }
  /// Times -i.
  var turnedRight: Self { Self(real: imaginary, imaginary: -real) }
}

/// X[k] = sum over j of x[j]·exp(-2πi·jk/n), of any length n, for the channels side by side.
///
/// Lengths without a prime above 31 go through Stockham's passes, which need no bit reversal; all others become a
/// convolution of such a length. Sources: C. Van Loan, Computational Frameworks for the Fast Fourier Transform, 1.7;
/// L. Bluestein, A Linear Filtering Approach to the Computation of Discrete Fourier Transform (1970).
/// Float arithmetic; the twiddle factors are rounded from Double.
final class FourierTransform: Sendable {
  let length: Int
  /// The number of scratch elements that `transform` needs.
  let scratchCount: Int
  private let radices: [Int]
  /// exp(-2πi·k/n) for k in 0..<n.
  private nonisolated(unsafe) let twiddles: UnsafeMutablePointer<SIMD2<Float>>
  private let convolution: Convolution?
  private let memory: Bytes

  private static let largestRadix = 31

  /// - Parameter length: above 0.
  /// - Throws: `outOfMemory`.
  init(length: Int) throws(LiaeError) {
    self.length = length
    memory = try Bytes.allocate(length * MemoryLayout<SIMD2<Float>>.stride, for: "a Fourier transform")
    twiddles = memory.base.bindMemory(to: SIMD2<Float>.self, capacity: length)
    let radices = Self.radices(of: length)
    if let last = radices.max(), last > Self.largestRadix {
      let convolution = try Convolution(length: length)
      self.convolution = convolution
      self.radices = []
      scratchCount = convolution.scratchCount
    } else {
      convolution = nil
      self.radices = radices
      scratchCount = length + Self.largestRadix
      for index in 0..<length { twiddles[index] = Self.unit(-2 * Double(index) / Double(length)) }
    }
  }

  /// exp(πi·halfTurns).
  fileprivate static func unit(_ halfTurns: Double) -> SIMD2<Float> {
    SIMD2(Float(Math.cos(Double.pi * halfTurns)), Float(Math.sin(Double.pi * halfTurns)))
  }

  /// The largest passes first: fours, then a two, then odd primes.
  private static func radices(of length: Int) -> [Int] {
    var (rest, result) = (length, [Int]())
    func take(_ radix: Int) {
      while rest % radix == 0 {
        result.append(radix)
        rest /= radix
      }
    }
    take(4)
    take(2)
    var prime = 3
    while prime * prime <= rest {
      take(prime)
      prime += 2
    }
    if rest > 1 { result.append(rest) }
    return result
  }

  /// Transforms in place. `scratch` has `scratchCount` elements; its content does not matter.
  func transform(_ data: UnsafeMutablePointer<ComplexColor>, scratch: UnsafeMutablePointer<ComplexColor>) {
    if let convolution { return convolution.transform(data, scratch: scratch) }
    var (from, to) = (data, scratch)
    var (rest, stride) = (length, 1)
    for radix in radices {
      switch radix {
      case 2: pass2(from, to, rest, stride)
      case 3: passOdd(3, from, to, rest, stride, scratch + length)
      case 4: pass4(from, to, rest, stride)
      case 5: passOdd(5, from, to, rest, stride, scratch + length)
      default: passOdd(radix, from, to, rest, stride, scratch + length)
      }
      rest /= radix
      stride *= radix
      swap(&from, &to)
    }
    if from != data { data.update(from: from, count: length) }
  }

  // A pass of radix r takes x as r·m columns of `stride` transforms that are done, rest = r·m:
  //   y[q + stride·(r·p + u)] = exp(-2πi·p·u/rest) · sum over t of x[q + stride·(p + m·t)]·exp(-2πi·t·u/r)

  private func pass2(
    _ x: UnsafeMutablePointer<ComplexColor>, _ y: UnsafeMutablePointer<ComplexColor>, _ rest: Int, _ stride: Int
  ) {
    let m = rest / 2
    for p in 0..<m {
      let w = twiddles[p &* stride]
      let (from, to) = (x + stride * p, y + stride * 2 * p)
      for q in 0..<stride {
        let (a, b) = (from[q], from[q &+ stride &* m])
        to[q] = a + b
        to[q &+ stride] = (a - b) * w
      }
    }
  }

  private func pass4(
    _ x: UnsafeMutablePointer<ComplexColor>, _ y: UnsafeMutablePointer<ComplexColor>, _ rest: Int, _ stride: Int
  ) {
    let m = rest / 4
    let step = stride * m
    for p in 0..<m {
      let (w1, w2, w3) = (twiddles[p &* stride], twiddles[2 &* p &* stride], twiddles[3 &* p &* stride])
      let (from, to) = (x + stride * p, y + stride * 4 * p)
      for q in 0..<stride {
        let (a, b, c, d) = (from[q], from[q &+ step], from[q &+ 2 &* step], from[q &+ 3 &* step])
        let (ac, bd) = (a + c, b + d)
        let (even, odd) = (a - c, (b - d).turnedRight)
        to[q] = ac + bd
        to[q &+ stride] = (even + odd) * w1
        to[q &+ 2 &* stride] = (ac - bd) * w2
        to[q &+ 3 &* stride] = (even - odd) * w3
      }
    }
  }

  /// Terms t and r - t have conjugate factors: their sum takes the cosines, their difference the sines, for the results
  /// u and r - u together.
  @inline(__always) private func passOdd(
    _ radix: Int, _ x: UnsafeMutablePointer<ComplexColor>, _ y: UnsafeMutablePointer<ComplexColor>, _ rest: Int,
    _ stride: Int, _ spare: UnsafeMutablePointer<ComplexColor>
  ) {
    let (m, half, turn) = (rest / radix, (radix - 1) / 2, length / radix)
    let (sums, differences) = (spare, spare + half)
    for p in 0..<m {
      let (from, to) = (x + stride * p, y + stride * radix * p)
      for q in 0..<stride {
        let first = from[q]
        var total = first
        for t in 1...half {
          let (a, b) = (from[q &+ stride &* m &* t], from[q &+ stride &* m &* (radix &- t)])
          sums[t &- 1] = a + b
          differences[t &- 1] = a - b
          total = total + sums[t &- 1]
        }
        to[q] = total
        for u in 1...half {
          var (even, odd) = (first, ComplexColor(real: .zero, imaginary: .zero))
          var angle = 0
          for t in 0..<half {
            angle &+= u
            if angle >= radix { angle &-= radix }
            let w = twiddles[angle &* turn]
            even = even + sums[t] * w.x
            odd = odd + differences[t] * -w.y
          }
          odd = odd.turnedRight
          to[q &+ stride &* u] = (even + odd) * twiddles[p &* u &* stride]
          to[q &+ stride &* (radix &- u)] = (even - odd) * twiddles[p &* (radix &- u) &* stride]
        }
      }
    }
  }
}

/// Bluestein's: jk = (j² + k² - (k - j)²)/2 makes a transform of any length a convolution with a chirp.
private final class Convolution: Sendable {
  private let length: Int
  private let inner: FourierTransform
  /// exp(-πi·j²/n) for j in 0..<n.
  private nonisolated(unsafe) let chirp: UnsafeMutablePointer<SIMD2<Float>>
  /// The transform of the chirp's conjugate, over the inner length, which it is divided by.
  private nonisolated(unsafe) let kernel: UnsafeMutablePointer<SIMD2<Float>>
  private let memory: Bytes

  var scratchCount: Int { inner.length + inner.scratchCount }

  init(length: Int) throws(LiaeError) {
    self.length = length
    var padded = 2 * length - 1
    while !Self.isSmooth(padded) { padded += 1 }
    inner = try FourierTransform(length: padded)
    memory = try Bytes.allocate((length + padded) * MemoryLayout<SIMD2<Float>>.stride, for: "a Fourier transform")
    chirp = memory.base.bindMemory(to: SIMD2<Float>.self, capacity: length + padded)
    kernel = chirp + length
    for j in 0..<length {
      // The angle's whole turns are taken off in integers.
      chirp[j] = FourierTransform.unit(-Double(j * j % (2 * length)) / Double(length))
    }
    let scratch = try Bytes.allocate(
      (padded + inner.scratchCount) * MemoryLayout<ComplexColor>.stride, for: "a Fourier transform")
    let values = scratch.base.bindMemory(to: ComplexColor.self, capacity: padded + inner.scratchCount)
    for j in 0..<length {
      let value = ComplexColor(real: Color(repeating: chirp[j].x), imaginary: Color(repeating: -chirp[j].y))
      values[j] = value
      if j > 0 { values[padded - j] = value }
    }
    inner.transform(values, scratch: values + padded)
    for k in 0..<padded { kernel[k] = SIMD2(values[k].real.x, values[k].imaginary.x) / Float(padded) }
    withExtendedLifetime(scratch) {}
  }

  private static func isSmooth(_ number: Int) -> Bool {
    var rest = number
    for prime in [2, 3, 5] { while rest % prime == 0 { rest /= prime } }
    return rest == 1
  }

  func transform(_ data: UnsafeMutablePointer<ComplexColor>, scratch: UnsafeMutablePointer<ComplexColor>) {
    let (values, spare) = (scratch, scratch + inner.length)
    for j in 0..<length { values[j] = data[j] * chirp[j] }
    (values + length).update(
      repeating: ComplexColor(real: .zero, imaginary: .zero), count: inner.length - length)
    inner.transform(values, scratch: spare)
    // Back by the conjugate of the transform of the conjugate.
    for k in 0..<inner.length { values[k] = (values[k] * kernel[k]).conjugate }
    inner.transform(values, scratch: spare)
    for k in 0..<length { data[k] = values[k].conjugate * chirp[k] }
  }
}
