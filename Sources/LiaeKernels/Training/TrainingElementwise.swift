// SPDX-License-Identifier: Apache-2.0

/// The epilogue of a convolution that is trained.
@usableFromInline package struct TrainingEpilogue {
  /// Biases, as many as channels.
  @usableFromInline package var bias: FloatPointer?
  /// The values that are added before the activation function; strides as the pixels'.
  @usableFromInline package var residual: FloatPointer?
  /// Slope of the leaky ReLU; 1 is none.
  @usableFromInline package var slope: Float
  @inlinable package init(bias: FloatPointer?, residual: FloatPointer?, slope: Float) {
    (self.bias, self.residual, self.slope) = (bias, residual, slope)
  }
}

/// Floats that the kernels of training may use as scratch memory.
@inlinable @inline(__always) package func trainingScratchFloats(width: Int) -> Int { 448 * width }

/// d, times slope where y is not positive. The derivative of a leaky ReLU, from its output.
@inlinable @inline(__always)
package func leakyBack<V: Lanes>(_: V.Type, d: MutableFloatPointer, y: FloatPointer, slope: Float, count: Int) {
  let factor = V(repeating: slope)
  for i in stride(from: 0, to: count, by: V.width) {
    let v: V = load(d + i)
    storePart(d + i, V.selectWherePositive(load(y + i), v, v * factor), count - i)
  }
}

/// y = x cos x.
@inlinable @inline(__always)
package func cosine<V: Lanes>(_: V.Type, x: FloatPointer, y: MutableFloatPointer, count: Int) {
  let zero = V(repeating: 0)
  for i in stride(from: 0, to: count, by: V.width) { storePart(y + i, XCosX.apply(load(x + i) as V, zero), count - i) }
}

/// dx += dy (cos x - x sin x).
@inlinable @inline(__always)
package func cosineBack<V: Lanes>(
  _: V.Type, x: FloatPointer, dy: FloatPointer, dx: MutableFloatPointer, count: Int
) {
  for i in stride(from: 0, to: count, by: V.width) {
    let v: V = load(x + i)
    let (sine, cosine) = sineAndCosine(v)
    storePart(dx + i, V.mulAdd(load(dx + i), load(dy + i), cosine - v * sine), count - i)
  }
}

/// The sine by its series to x^13, the cosine as in `XCosX`.
@inlinable @inline(__always) func sineAndCosine<V: Lanes>(_ x: V) -> (V, V) {
  let angle = XCosX.reduced(x), r = angle.remainder, z = r * r
  var s = V(repeating: 1.60590438e-10)
  s = V.mulAdd(V(repeating: -2.50521084e-8), s, z)
  s = V.mulAdd(V(repeating: 2.75573192e-6), s, z)
  s = V.mulAdd(V(repeating: -1.98412698e-4), s, z)
  s = V.mulAdd(V(repeating: 8.33333333e-3), s, z)
  s = V.mulAdd(V(repeating: -1.66666667e-1), s, z)
  s = V.mulAdd(V(repeating: 1), s, z) * r
  return (V.negatedWhereOdd(s, angle.turns), V.negatedWhereOdd(XCosX.cosine(r), angle.turns))
}

/// y = 1 / (1 + exp(-x)); in place is allowed.
@inlinable @inline(__always)
package func sigmoids<V: Lanes>(_: V.Type, x: FloatPointer, y: MutableFloatPointer, count: Int) {
  for i in stride(from: 0, to: count, by: V.width) { storePart(y + i, sigmoid(load(x + i) as V), count - i) }
}

/// d *= y (1 - y): the derivative of a sigmoid, from its output.
@inlinable @inline(__always)
package func sigmoidBack<V: Lanes>(_: V.Type, d: MutableFloatPointer, y: FloatPointer, count: Int) {
  for i in stride(from: 0, to: count, by: V.width) {
    let v: V = load(y + i)
    storePart(d + i, (load(d + i) as V) * v * (V(repeating: 1) - v), count - i)
  }
}

/// y += k x.
@inlinable @inline(__always)
package func addScaled<V: Lanes>(_: V.Type, x: FloatPointer, k: Float, y: MutableFloatPointer, count: Int) {
  for i in stride(from: 0, to: count, by: V.width) {
    storePart(y + i, axpy(load(y + i) as V, k, load(x + i)), count - i)
  }
}

/// Adds to `sums` the sum over rows of (rows, columns).
@inlinable @inline(__always)
package func columnSums<V: Lanes>(
  _: V.Type, x: FloatPointer, rows: Int, columns: Int, sums: MutableFloatPointer
) {
  for c in stride(from: 0, to: columns, by: V.width) {
    var sum = V(repeating: 0)
    for r in 0..<rows { sum = sum + load(x + r * columns + c) }
    storePart(sums + c, (load(sums + c) as V) + sum, columns - c)
  }
}

/// The sum of squares, in as many sums as there are lanes.
@inlinable @inline(__always)
package func squares<V: Lanes>(_: V.Type, x: FloatPointer, count: Int, scratch: MutableFloatPointer) -> Float {
  var sum = V(repeating: 0)
  let whole = count / V.width * V.width
  for i in stride(from: 0, to: whole, by: V.width) {
    let v: V = load(x + i)
    sum = V.mulAdd(sum, v, v)
  }
  var total = laneSum(sum, scratch)
  for i in whole..<count { total += x[i] * x[i] }
  return total
}

/// Bias, residual and activation of (rows, columns), in place.
@inlinable @inline(__always)
package func finishRows<V: Lanes>(
  _: V.Type, _ e: UnsafePointer<TrainingEpilogue>, y: MutableFloatPointer, rows: Int, columns: Int
) {
  let q = e.pointee, slope = V(repeating: q.slope)
  for r in 0..<rows {
    let line = y + r * columns
    for c in stride(from: 0, to: columns, by: V.width) {
      var v: V = load(line + c)
      if let residual = q.residual { v = v + (load(residual + r * columns + c) as V) }
      if let bias = q.bias { v = v + (load(bias + c) as V) }
      storePart(line + c, V.whereNegative(v, v * slope), columns - c)
    }
  }
}
