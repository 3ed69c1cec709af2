// SPDX-License-Identifier: Apache-2.0

/// A product of a matrix whose elements stand at any strides with a panel of two vectors of columns.
@usableFromInline package struct MatrixProduct {
  /// a[row][k] stands at row * rowStride + k * innerStride.
  @usableFromInline package var a: FloatPointer
  @usableFromInline package var rowStride, innerStride: Int
  /// [k][2W].
  @usableFromInline package var panel: FloatPointer
  @usableFromInline package var inner: Int
  /// c[row][column], `stride` floats from row to row; of the panel `columns` are written.
  @usableFromInline package var c: MutableFloatPointer
  @usableFromInline package var stride: Int
  @usableFromInline package var columns: Int
  /// True if the product is added to what c holds.
  @usableFromInline package var isAdding: Bool

  @inlinable package init(
    a: FloatPointer, rowStride: Int, innerStride: Int, panel: FloatPointer, inner: Int, c: MutableFloatPointer,
    stride: Int, columns: Int, isAdding: Bool
  ) {
    (self.a, self.rowStride, self.innerStride, self.panel, self.inner) = (a, rowStride, innerStride, panel, inner)
    (self.c, self.stride, self.columns, self.isAdding) = (c, stride, columns, isAdding)
  }
}

@usableFromInline struct MatrixTile<V: Lanes>: TileBody {
  @usableFromInline let p: UnsafePointer<MatrixProduct>
  @usableFromInline let row: Int
  @usableFromInline let sums: MutableFloatPointer
  @inlinable @inline(__always) init(_ p: UnsafePointer<MatrixProduct>, _ row: Int, _ sums: MutableFloatPointer) {
    (self.p, self.row, self.sums) = (p, row, sums)
  }
  @inlinable @inline(__always) func run<T: RegisterTile>(_: T.Type) where T.V == V {
    let W = V.width, rowStride = p.pointee.rowStride, innerStride = p.pointee.innerStride
    var tile = T(), a = p.pointee.a + row * rowStride, b = p.pointee.panel
    for _ in 0..<p.pointee.inner {
      tile.accumulate(load(b), load(b + W), a, rowStride)
      b += 2 * W
      a += innerStride
    }
    tile.storeAll(sums)
  }
}

/// c = a b of rows from..<to, or c += a b.
///
/// Numerics: float32, k in ascending order, one accumulator for each element.
@inlinable @inline(__always)
package func matrixProduct<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<MatrixProduct>, from: Int, to: Int, scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width
  forEachRowGroup(V.self, to - from) { start, count, _ in
    withTile(Row2<V>.self, rows: count, MatrixTile<V>(p, from + start, scratch))
    for r in 0..<count {
      let d = q.c + (from + start + r) * q.stride
      for half in 0..<2 where q.columns > half * W {
        var v: V = load(scratch + (r * 2 + half) * W)
        if q.isAdding { v = v + (load(d + half * W) as V) }
        storePart(d + half * W, v, q.columns - half * W)
      }
    }
  }
}
