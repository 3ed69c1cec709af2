// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// DST-I of rows of n colours: S[k] = sum over j of x[j]·sin(π·jk/(n + 1)), j and k in 1...n. Twice it is (n + 1)/2 times
/// the row.
///
/// Through a Fourier transform of length n + 1 that takes two rows at once, as its real and imaginary part. Source: W.
/// Press et al., Numerical Recipes, 12.3.
final class SineTransform: Sendable {
  private let period: Int
  private let fourier: FourierTransform
  private nonisolated(unsafe) let sines: UnsafeMutablePointer<Float>
  private let memory: Bytes

  /// The number of scratch elements that `transform` needs beside its rows.
  var scratchCount: Int { period + fourier.scratchCount }

  /// - Parameter count: the length of the rows, above 0.
  /// - Throws: `outOfMemory`.
  init(count: Int) throws(LiaeError) {
    period = count + 1
    fourier = try FourierTransform(length: period)
    memory = try Bytes.allocate(period * MemoryLayout<Float>.stride, for: "a sine transform")
    sines = memory.base.bindMemory(to: Float.self, capacity: period)
    for j in 0..<period { sines[j] = Float(Math.sin(Double.pi * Double(j) / Double(period))) }
  }

  /// Two rows in place, which may be the same.
  func transform(
    _ a: UnsafeMutablePointer<Color>, _ b: UnsafeMutablePointer<Color>, scratch: UnsafeMutablePointer<ComplexColor>
  ) {
    let z = scratch
    z[0] = ComplexColor(real: .zero, imaginary: .zero)
    for j in 1..<period {
      let (i, mirror) = (j &- 1, period &- j &- 1)
      z[j] = ComplexColor(
        real: (a[i] + a[mirror]) * sines[j] + (a[i] - a[mirror]) * 0.5,
        imaginary: (b[i] + b[mirror]) * sines[j] + (b[i] - b[mirror]) * 0.5)
    }
    fourier.transform(z, scratch: scratch + period)
    // The sine sums of the auxiliary rows are the even results, the cosine sums the steps between odd ones.
    var (oddA, oddB) = (z[0].real * 0.5, z[0].imaginary * 0.5)
    (a[0], b[0]) = (oddA, oddB)
    var k = 1
    while 2 * k < period {
      let (near, far) = (z[k], z[period &- k])
      a[2 &* k &- 1] = (far.imaginary - near.imaginary) * 0.5
      b[2 &* k &- 1] = (near.real - far.real) * 0.5
      if 2 &* k &+ 1 < period {
        oddA += (near.real + far.real) * 0.5
        oddB += (near.imaginary + far.imaginary) * 0.5
        a[2 &* k] = oddA
        b[2 &* k] = oddB
      }
      k &+= 1
    }
  }
}
