// SPDX-License-Identifier: Apache-2.0

// The filter response norm y = max(x s w + b, t) of pixels whose C channels stand together, and its derivatives; s is
// 1 / sqrt(mean(x x) + |eps|) of an image and channel. Source: Singh, Krishnan: Filter Response Normalization Layer, 2020.
//
// Sums and factors come in periods of P = lcm(C, W) floats, in which float i belongs to channel i mod C: whole vectors,
// whatever C is. `count` is a multiple of C, and may end within a period.

/// sums[i] = sum over k of x[i + k P]^2, in double.
@inlinable @inline(__always)
package func channelSquares<V: Lanes>(
  _: V.Type, x: FloatPointer, count: Int, period: Int, sums: UnsafeMutablePointer<Double>
) {
  let whole = count / period * period
  for v in stride(from: 0, to: period, by: V.width) {
    var sum = V.Wide(repeating: 0)
    for i in stride(from: v, to: whole, by: period) { sum = V.addingSquares(sum, load(x + i)) }
    for lane in 0..<V.width { sums[v + lane] = sum[lane] }
  }
  for i in whole..<count { sums[i - whole] += Double(x[i]) * Double(x[i]) }
}

/// y = max(x * scale + bias, threshold); in place is allowed.
///
/// - Parameter factors: P floats each of scale, bias and threshold.
@inlinable @inline(__always)
package func channelNorm<V: Lanes>(
  _: V.Type, x: FloatPointer, y: MutableFloatPointer, count: Int, period: Int, factors: FloatPointer
) {
  for start in stride(from: 0, to: count, by: period) {
    let end = start + period < count ? period : count - start
    for v in stride(from: 0, to: end, by: V.width) {
      let f = factors + v, z: V = V.mulAdd(load(f + period), load(x + start + v), load(f))
      storePart(y + start + v, V.larger(z, load(f + 2 * period)), end - v)
    }
  }
}

/// sums[i] = sum of d, sums[P + i] = sum of d x, sums[2 P + i] = sum of dy - d over the elements i + k P, where d is dy
/// where the norm is not below its threshold, else 0: the derivatives by bias, by scale and by threshold.
///
/// - Parameter factors: as of `channelNorm`.
@inlinable @inline(__always)
package func channelNormSums<V: Lanes>(
  _: V.Type, x: FloatPointer, dy: FloatPointer, count: Int, period: Int, factors: FloatPointer,
  sums: MutableFloatPointer
) {
  let whole = count / period * period, zero = V(repeating: 0)
  for v in stride(from: 0, to: period, by: V.width) {
    let (scale, bias, threshold): (V, V, V) = (
      load(factors + v), load(factors + period + v), load(factors + 2 * period + v)
    )
    var (first, second, third) = (zero, zero, zero)
    for i in stride(from: v, to: whole, by: period) {
      let p: V = load(x + i), g: V = load(dy + i)
      let d = V.selectWherePositive(threshold - V.mulAdd(bias, p, scale), zero, g)
      first = first + d
      second = V.mulAdd(second, d, p)
      third = third + (g - d)
    }
    store(sums + v, first)
    store(sums + period + v, second)
    store(sums + 2 * period + v, third)
  }
  for v in stride(from: 0, to: count - whole, by: V.width) {
    let p: V = load(x + whole + v), g: V = load(dy + whole + v), f = factors + v
    let d = V.selectWherePositive(load(f + 2 * period) - V.mulAdd(load(f + period), p, load(f)), zero, g)
    let (second, third) = (d * p, g - d)
    for lane in 0..<(count - whole - v < V.width ? count - whole - v : V.width) {
      sums[v + lane] += d[lane]
      sums[period + v + lane] += second[lane]
      sums[2 * period + v + lane] += third[lane]
    }
  }
}

/// dx = d * scale + x * k, or += with `isAdding`; d as of `channelNormSums`.
///
/// - Parameter factors: P floats each of scale, bias, threshold and k, by which the mean of squares passes its derivative on.
@inlinable @inline(__always)
package func channelNormBack<V: Lanes>(
  _: V.Type, x: FloatPointer, dy: FloatPointer, dx: MutableFloatPointer, count: Int, period: Int,
  factors: FloatPointer, isAdding: Bool
) {
  let zero = V(repeating: 0)
  for start in stride(from: 0, to: count, by: period) {
    let end = start + period < count ? period : count - start
    for v in stride(from: 0, to: end, by: V.width) {
      let i = start + v, f = factors + v
      let (p, scale): (V, V) = (load(x + i), load(f))
      let below: V = load(f + 2 * period) - V.mulAdd(load(f + period), p, scale)
      let d = V.selectWherePositive(below, zero, load(dy + i))
      let before: V = isAdding ? load(dx + i) : zero
      storePart(dx + i, V.mulAdd(V.mulAdd(before, p, load(f + 3 * period)), d, scale), end - v)
    }
  }
}
