// SPDX-License-Identifier: Apache-2.0

/// sums[lane] = sum of x * x over `rows` rows of `columns` pixels of one block of W channels.
///
/// Numerics: float32, four partial sums for each row, rows one after the other.
@inlinable @inline(__always)
package func squareSums<V: Lanes>(
  _: V.Type, _ source: FloatPointer, row: Int, columns: Int, rows: Int, sums: MutableFloatPointer
) {
  let W = V.width
  var total = V(repeating: 0)
  for y in 0..<rows {
    var p = source + y * row
    var (a, b, c, d) = (V(repeating: 0), V(repeating: 0), V(repeating: 0), V(repeating: 0))
    for _ in 0..<columns / 4 {
      let (x0, x1, x2, x3): (V, V, V, V) = (load(p), load(p + W), load(p + 2 * W), load(p + 3 * W))
      a = V.mulAdd(a, x0, x0)
      b = V.mulAdd(b, x1, x1)
      c = V.mulAdd(c, x2, x2)
      d = V.mulAdd(d, x3, x3)
      p += 4 * W
    }
    for _ in 0..<columns % 4 {
      let x: V = load(p)
      a = V.mulAdd(a, x, x)
      p += W
    }
    total = total + ((a + b) + (c + d))
  }
  store(sums, total)
}

/// x = max(x * scale + bias, threshold) in place, for `rows` rows of one block of W channels.
///
/// - Parameter factors: scale, bias and threshold, W values each.
@inlinable @inline(__always)
package func scaleAndThreshold<V: Lanes>(
  _: V.Type, _ pixels: MutableFloatPointer, row: Int, columns: Int, rows: Int, factors: FloatPointer
) {
  let W = V.width
  let (scale, bias, threshold): (V, V, V) = (load(factors), load(factors + W), load(factors + 2 * W))
  for y in 0..<rows {
    let p = pixels + y * row
    for x in 0..<columns { store(p + x * W, V.larger(V.mulAdd(bias, load(p + x * W), scale), threshold)) }
  }
}
