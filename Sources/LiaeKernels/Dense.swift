// SPDX-License-Identifier: Apache-2.0

/// y[image][row] = scale[image] * sum over k of w[row][k] * x[image][k] + b[row]
@usableFromInline package struct DenseRowsParameters {
  /// (rows, length), length a multiple of W.
  @usableFromInline package var weights: UnsafeRawPointer
  /// `WeightElement`.
  @usableFromInline package var element: Int
  @usableFromInline package var bias: FloatPointer
  @usableFromInline package var length: Int
  /// (images, length) and the factor of each image.
  @usableFromInline package var input: FloatPointer
  @usableFromInline package var scale: FloatPointer
  /// (images, outputStride)
  @usableFromInline package var output: MutableFloatPointer
  @usableFromInline package var outputStride: Int
  @usableFromInline package var images: Int
  @inlinable package init(
    weights: UnsafeRawPointer, element: Int, bias: FloatPointer, length: Int, input: FloatPointer, scale: FloatPointer,
    output: MutableFloatPointer, outputStride: Int, images: Int
  ) {
    (self.weights, self.element, self.bias, self.length) = (weights, element, bias, length)
    (self.input, self.scale) = (input, scale)
    (self.output, self.outputStride, self.images) = (output, outputStride, images)
  }
}

/// Sum of the lanes, as a balanced tree.
@inlinable @inline(__always) func laneSum<V: Lanes>(_ v: V, _ scratch: MutableFloatPointer) -> Float {
  store(scratch, v)
  var width = V.width
  while width > 1 {
    width >>= 1
    for i in 0..<width { scratch[i] += scratch[i + width] }
  }
  return scratch[0]
}

/// Rows from..<to, four at a time: each weight is read once for all images of the group in cache.
///
/// Numerics: two vectors of partial sums a row, k ascending, then a tree over lanes.
@inlinable @inline(__always)
package func denseRows<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<DenseRowsParameters>, from: Int, to: Int, scratch: MutableFloatPointer
) {
  switch p.pointee.element {
  case WeightElement.float16: denseRows(V.self, Float16Weight.self, p, from: from, to: to, scratch: scratch)
  case WeightElement.bfloat16: denseRows(V.self, BFloat16Weight.self, p, from: from, to: to, scratch: scratch)
  default: denseRows(V.self, Float32Weight.self, p, from: from, to: to, scratch: scratch)
  }
}

@inlinable @inline(__always)
func denseRows<V: Lanes, E: StoredWeight>(
  _: V.Type, _: E.Type, _ p: UnsafePointer<DenseRowsParameters>, from: Int, to: Int, scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width, K = q.length, row1 = K * E.size, vector = W * E.size
  var row = from
  while row < to {
    let count = min(4, to - row)
    for image in 0..<q.images {
      let x = q.input + image * K
      let y = q.output + image * q.outputStride
      let scale = q.scale[image]
      if count == 4 {
        let zero = V(repeating: 0)
        var (a0, a1, a2, a3) = (zero, zero, zero, zero)
        var (c0, c1, c2, c3) = (zero, zero, zero, zero)
        var w = q.weights + row * row1, s = x
        for _ in 0..<K / (2 * W) {
          let x0: V = load(s), x1: V = load(s + W)
          a0 = V.mulAdd(a0, E.load(w), x0)
          c0 = V.mulAdd(c0, E.load(w + vector), x1)
          a1 = V.mulAdd(a1, E.load(w + row1), x0)
          c1 = V.mulAdd(c1, E.load(w + row1 + vector), x1)
          a2 = V.mulAdd(a2, E.load(w + 2 * row1), x0)
          c2 = V.mulAdd(c2, E.load(w + 2 * row1 + vector), x1)
          a3 = V.mulAdd(a3, E.load(w + 3 * row1), x0)
          c3 = V.mulAdd(c3, E.load(w + 3 * row1 + vector), x1)
          w += 2 * vector
          s += 2 * W
        }
        if K % (2 * W) != 0 {
          let x0: V = load(s)
          a0 = V.mulAdd(a0, E.load(w), x0)
          a1 = V.mulAdd(a1, E.load(w + row1), x0)
          a2 = V.mulAdd(a2, E.load(w + 2 * row1), x0)
          a3 = V.mulAdd(a3, E.load(w + 3 * row1), x0)
        }
        y[row] = laneSum(a0 + c0, scratch) * scale + q.bias[row]
        y[row + 1] = laneSum(a1 + c1, scratch) * scale + q.bias[row + 1]
        y[row + 2] = laneSum(a2 + c2, scratch) * scale + q.bias[row + 2]
        y[row + 3] = laneSum(a3 + c3, scratch) * scale + q.bias[row + 3]
      } else {
        // The same sums in the same order as above, so that a row does not depend on its neighbours.
        for r in row..<row + count {
          var a = V(repeating: 0), c = a
          var w = q.weights + r * row1, s = x
          for _ in 0..<K / (2 * W) {
            a = V.mulAdd(a, E.load(w), load(s))
            c = V.mulAdd(c, E.load(w + vector), load(s + W))
            w += 2 * vector
            s += 2 * W
          }
          if K % (2 * W) != 0 { a = V.mulAdd(a, E.load(w), load(s)) }
          y[r] = laneSum(a + c, scratch) * scale + q.bias[r]
        }
      }
    }
    row += count
  }
}

/// out[image][vector] = b[vector] + sum over k of w[vector][k] * x[image][k], a vector of channels of one pixel each.
@usableFromInline package struct DenseColumnsParameters {
  /// [vector][k][W], vectors ordered (channel / W, y, x).
  @usableFromInline package var weights: UnsafeRawPointer
  /// `WeightElement`.
  @usableFromInline package var element: Int
  /// [vector][W]
  @usableFromInline package var bias: FloatPointer
  @usableFromInline package var length: Int
  /// (images, inputStride)
  @usableFromInline package var input: FloatPointer
  @usableFromInline package var inputStride: Int
  @usableFromInline package var target: ActivationView
  /// Side of the picture of vectors, pixels.
  @usableFromInline package var side: Int
  @usableFromInline package var images: Int
  @inlinable package init(
    weights: UnsafeRawPointer, element: Int, bias: FloatPointer, length: Int, input: FloatPointer, inputStride: Int,
    target: ActivationView, side: Int, images: Int
  ) {
    (self.weights, self.element, self.bias, self.length) = (weights, element, bias, length)
    (self.input, self.inputStride, self.target, self.side, self.images) = (input, inputStride, target, side, images)
  }
}

/// Vectors from..<to, four at a time.
@inlinable @inline(__always)
package func denseColumns<V: Lanes>(_: V.Type, _ p: UnsafePointer<DenseColumnsParameters>, from: Int, to: Int) {
  switch p.pointee.element {
  case WeightElement.float16: denseColumns(V.self, Float16Weight.self, p, from: from, to: to)
  case WeightElement.bfloat16: denseColumns(V.self, BFloat16Weight.self, p, from: from, to: to)
  default: denseColumns(V.self, Float32Weight.self, p, from: from, to: to)
  }
}

@inlinable @inline(__always)
func denseColumns<V: Lanes, E: StoredWeight>(
  _: V.Type, _: E.Type, _ p: UnsafePointer<DenseColumnsParameters>, from: Int, to: Int
) {
  let q = p.pointee, W = V.width, K = q.length, KW = K * W * E.size
  @inline(__always) func place(_ image: Int, _ vector: Int) -> MutableFloatPointer {
    let pixel = vector % (q.side * q.side), block = vector / (q.side * q.side)
    return q.target.origin + image * q.target.image + block * q.target.plane + pixel / q.side * q.target.row
      + pixel % q.side * W
  }
  var vector = from
  while vector < to {
    let count = min(4, to - vector)
    for image in 0..<q.images {
      let x = q.input + image * q.inputStride
      if count == 4 {
        let bias = q.bias + vector * W
        var a0: V = load(bias), a1: V = load(bias + W), a2: V = load(bias + 2 * W), a3: V = load(bias + 3 * W)
        var w = q.weights + vector * KW
        for k in 0..<K {
          let s = V(repeating: x[k])
          a0 = V.mulAdd(a0, E.load(w), s)
          a1 = V.mulAdd(a1, E.load(w + KW), s)
          a2 = V.mulAdd(a2, E.load(w + 2 * KW), s)
          a3 = V.mulAdd(a3, E.load(w + 3 * KW), s)
          w += W * E.size
        }
        store(place(image, vector), a0)
        store(place(image, vector + 1), a1)
        store(place(image, vector + 2), a2)
        store(place(image, vector + 3), a3)
      } else {
        for v in vector..<vector + count {
          var a: V = load(q.bias + v * W)
          for k in 0..<K { a = V.mulAdd(a, E.load(q.weights + v * KW + k * W * E.size), V(repeating: x[k])) }
          store(place(image, v), a)
        }
      }
    }
    vector += count
  }
}
