// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeSystem
import Testing

/// `Math` against the functions of libm: the same bits, the arguments in the same order.
@Suite struct MathTests {
  private let values: [Float] = [-3.5, -1, -0.0, 0, 1e-30, 0.25, 0.7, 1, 2.5, 30, .infinity, .nan]

  @Test func double() {
    for x in values.map(Double.init) {
      expectSame(Math.exp(x), Glibc.exp(x))
      expectSame(Math.log(x), Glibc.log(x))
      expectSame(Math.log10(x), Glibc.log10(x))
      expectSame(Math.sin(x), Glibc.sin(x))
      expectSame(Math.cos(x), Glibc.cos(x))
      expectSame(Math.tanh(x), Glibc.tanh(x))
      for y in values.map(Double.init) {
        expectSame(Math.pow(x, y), Glibc.pow(x, y))
        expectSame(Math.atan2(x, y), Glibc.atan2(x, y))
      }
    }
  }

  @Test func float() {
    for x in values {
      expectSame(Math.exp(x), Glibc.expf(x))
      expectSame(Math.log1p(x), Glibc.log1pf(x))
      expectSame(Math.sin(x), Glibc.sinf(x))
      expectSame(Math.cos(x), Glibc.cosf(x))
      for y in values {
        expectSame(Math.pow(x, y), Glibc.powf(x, y))
        expectSame(Math.atan2(x, y), Glibc.atan2f(x, y))
      }
    }
  }

  private func expectSame<T: BinaryFloatingPoint>(_ a: T, _ b: T, _ at: SourceLocation = #_sourceLocation) {
    #expect(a.isNaN && b.isNaN || a == b && a.sign == b.sign, sourceLocation: at)
  }
}
