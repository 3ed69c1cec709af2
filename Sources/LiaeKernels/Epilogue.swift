// SPDX-License-Identifier: Apache-2.0

/// The activation behind a convolution, as the kernels know it.
@usableFromInline package enum ActivationKind {
  @inlinable @inline(__always) package static var leaky: Int { 0 }
  @inlinable @inline(__always) package static var cosine: Int { 1 }
}

@usableFromInline protocol ActivationFunction {
  static func apply<V: Lanes>(_ x: V, _ slope: V) -> V
}

/// x, or slope * x below zero. Slope 1 is the identity.
@usableFromInline enum LeakyReLU: ActivationFunction {
  @inlinable @inline(__always) static func apply<V: Lanes>(_ x: V, _ slope: V) -> V { V.whereNegative(x, x * slope) }
}

/// x cos x.
///
/// cos by reduction to [-pi/2, pi/2] with pi in four parts (Cody, Waite) and the series to x^12, whose error there is
/// 6e-9. For |x| past 39000 the reduction loses its digits; the value stays between -|x| and |x|.
@usableFromInline enum XCosX: ActivationFunction {
  @inlinable @inline(__always) static func apply<V: Lanes>(_ x: V, _ slope: V) -> V {
    let angle = reduced(x)
    return V.negatedWhereOdd(cosine(angle.remainder), angle.turns) * x
  }

  /// x as a number of half turns and a remainder within a quarter turn.
  @inlinable @inline(__always) static func reduced<V: Lanes>(_ x: V) -> (turns: V.Bits, remainder: V) {
    let magic = V(repeating: 12_582_912)  // 1.5 * 2^23: adding it rounds to an integer
    let shifted = V.mulAdd(magic, x, V(repeating: 0.318309886))
    let n = shifted - magic
    var r = axpy(x, -3.140625, n)
    r = axpy(r, -0.0009670257568359375, n)
    r = axpy(r, -6.2771141529083251953e-07, n)
    r = axpy(r, -1.2154201256553420762e-10, n)
    return (shifted.bits, V.larger(V.smaller(r, V(repeating: 1.6)), V(repeating: -1.6)))
  }

  /// The cosine of a remainder.
  @inlinable @inline(__always) static func cosine<V: Lanes>(_ r: V) -> V {
    let z = r * r
    var p = V(repeating: 2.08767570e-9)
    p = V.mulAdd(V(repeating: -2.75573192e-7), p, z)
    p = V.mulAdd(V(repeating: 2.48015873e-5), p, z)
    p = V.mulAdd(V(repeating: -1.38888889e-3), p, z)
    p = V.mulAdd(V(repeating: 4.16666667e-2), p, z)
    p = V.mulAdd(V(repeating: -0.5), p, z)
    return V.mulAdd(V(repeating: 1), p, z)
  }
}

/// Bias and activation, then memory.
@usableFromInline struct ActivationSink<V: Lanes, F: ActivationFunction>: LineSink {
  @usableFromInline let p: MutableFloatPointer
  @usableFromInline let stride: Int
  @usableFromInline let bias: V, slope: V
  @inlinable @inline(__always) init(_ p: MutableFloatPointer, _ stride: Int, _ bias: V, _ slope: V) {
    (self.p, self.stride, self.bias, self.slope) = (p, stride, bias, slope)
  }
  @inlinable @inline(__always) func put(_ i: Int, _ v: V) { store(p + i &* stride, F.apply(v + bias, slope)) }
}

/// Bias, the residual block's input and activation, then memory.
@usableFromInline struct ResidualSink<V: Lanes, F: ActivationFunction>: LineSink {
  @usableFromInline let p: MutableFloatPointer
  @usableFromInline let stride: Int
  @usableFromInline let residual: FloatPointer
  @usableFromInline let residualStride: Int
  @usableFromInline let bias: V, slope: V
  @inlinable @inline(__always)
  init(_ p: MutableFloatPointer, _ stride: Int, _ residual: FloatPointer, _ residualStride: Int, _ bias: V, _ slope: V)
  {
    (self.p, self.stride, self.bias, self.slope) = (p, stride, bias, slope)
    (self.residual, self.residualStride) = (residual, residualStride)
  }
  @inlinable @inline(__always) func put(_ i: Int, _ v: V) {
    store(p + i &* stride, F.apply(v + bias + load(residual + i &* residualStride), slope))
  }
}

/// Bias, what stands at the same place of another picture if there is one, and activation, then as many lanes to memory
/// as there are channels.
@usableFromInline struct RaggedSink<V: Lanes, F: ActivationFunction>: LineSink {
  @usableFromInline let p: MutableFloatPointer
  @usableFromInline let stride: Int
  @usableFromInline let residual: FloatPointer?
  @usableFromInline let bias: V, slope: V
  @usableFromInline let lanes: Int
  @inlinable @inline(__always)
  init(_ p: MutableFloatPointer, _ stride: Int, _ residual: FloatPointer?, _ bias: V, _ slope: V, _ lanes: Int) {
    (self.p, self.stride, self.residual) = (p, stride, residual)
    (self.bias, self.slope, self.lanes) = (bias, slope, lanes)
  }
  @inlinable @inline(__always) func put(_ i: Int, _ v: V) {
    var sum = v + bias
    if let residual { sum = sum + load(residual + i &* stride) }
    storePart(p + i &* stride, F.apply(sum, slope), lanes)
  }
}

@inlinable @inline(__always)
func storePart<V: Lanes>(_ p: MutableFloatPointer, _ v: V, _ count: Int) {
  if count >= V.width { store(p, v) } else { for i in 0..<count { p[i] = v[i] } }
}

/// 1 / (1 + exp(-x)), error below 2 ulp; exp as in Cephes' expf.
@inlinable @inline(__always) func sigmoid<V: Lanes>(_ x: V) -> V {
  let magic = V(repeating: 12_582_912)
  let c = V.larger(V.smaller(x, V(repeating: 87)), V(repeating: -87))
  let t = c * V(repeating: -1.44269504), g = t + magic, f = (t - (g - magic)) * V(repeating: 0.69314718)
  var p = V(repeating: 1.9875691e-4)
  p = V.mulAdd(V(repeating: 1.3981999e-3), p, f)
  p = V.mulAdd(V(repeating: 8.3334519e-3), p, f)
  p = V.mulAdd(V(repeating: 4.1665795e-2), p, f)
  p = V.mulAdd(V(repeating: 1.6666665e-1), p, f)
  p = V.mulAdd(V(repeating: 0.5), p, f)
  let e = V.mulAdd(f + V(repeating: 1), p * f, f)
  let one = V(repeating: 1)
  return one / (one + e * V.powerOfTwo(g.bits &- V.Bits(repeating: 0x4b40_0000)))
}
