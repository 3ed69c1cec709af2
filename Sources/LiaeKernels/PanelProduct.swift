// SPDX-License-Identifier: Apache-2.0
import CLiaeIntrinsics

/// c[row][n] = (0 or c[row][n]) + sum over k of a[k / W][row][k % W] * b[k][n], n in 0..<vectors*W.
///
/// The matrix product of one Winograd point: rows are tiles, k input channels, n output channels.
/// - a: blocks of W channels stand `blockStride` floats apart; rows W floats apart.
/// - b: a linear stream in the order of use. While it is read, `next` (the panel used after it) is drawn into L2:
///   hardware prefetch alone does not bridge panels.
/// Numerics: float32, k in ascending order, one accumulator for each element.
@usableFromInline struct PanelProduct<V: Lanes>: TileBody {
  @usableFromInline var k: Int
  @usableFromInline var a: FloatPointer
  @usableFromInline var blockStride: Int
  @usableFromInline var b: FloatPointer
  @usableFromInline var c: MutableFloatPointer
  @usableFromInline var next: FloatPointer
  /// W / 2 as a value that the compiler does not know: a constant trip count is unrolled in full and spills.
  @usableFromInline var halfWidth: Int
  /// Starts from what c holds.
  @usableFromInline var accumulate: Bool

  @inlinable @inline(__always)
  init(
    k: Int, a: FloatPointer, blockStride: Int, b: FloatPointer, c: MutableFloatPointer, next: FloatPointer,
    halfWidth: Int, accumulate: Bool
  ) {
    (self.k, self.a, self.blockStride, self.b, self.c) = (k, a, blockStride, b, c)
    (self.next, self.halfWidth, self.accumulate) = (next, halfWidth, accumulate)
  }

  @inlinable @inline(__always) func run<T: RegisterTile>(_: T.Type) where T.V == V {
    let W = V.width, n = T.vectors * W
    var tile = T()
    if accumulate { tile.loadAll(c) }
    var a = a, b = b, next = next
    for _ in 0..<(k / W) {
      for _ in 0..<halfWidth {
        liae_prefetch_l2(next)
        liae_prefetch_l2(next + 16)
        next += 32
        tile.accumulate(load(b), load(b + W), a, W)
        liae_keep_load_order()
        tile.accumulate(load(b + n), load(b + n + W), a + 1, W)
        liae_keep_load_order()
        b += 2 * n
        a += 2
      }
      a += blockStride - W
    }
    for _ in 0..<(k % W) {
      tile.accumulate(load(b), load(b + W), a, W)
      b += n
      a += 1
    }
    tile.storeAll(c)
  }
}

/// The product for any number of rows.
@inlinable @inline(__always)
func panelProduct<T: RegisterTile>(
  _: T.Type, rows: Int, k: Int, a: FloatPointer, blockStride: Int, b: FloatPointer, c: MutableFloatPointer,
  next: FloatPointer, halfWidth: Int, accumulate: Bool
) {
  let W = T.V.width
  forEachRowGroup(T.V.self, rows) { start, count, group in
    withTile(
      T.self, rows: count,
      PanelProduct<T.V>(
        k: k, a: a + start * W, blockStride: blockStride, b: b, c: c + start * T.vectors * W,
        next: next + group * k * 16, halfWidth: halfWidth, accumulate: accumulate))
  }
}
