// SPDX-License-Identifier: Apache-2.0
import CLiaeIntrinsics

/// dM = A d A^T of the derivative by the outputs d, for the tiles from..<to and one block of output channels.
///
/// d stands where the outputs do, in the target's strides; `y` are the outputs. Where they are not positive d is multiplied
/// by `slope` first, in place. Pixels that the tile before makes count as zero.
///
/// - sums: adds the sum over pixels to the channels of each vector of the block, W floats each.
/// - m: [point][row][vectors * W], row 0 = tile `from`.
@inlinable @inline(__always)
package func winogradOutputBack<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<WinogradParameters>, block: Int, from: Int, to: Int, y: FloatPointer, slope: Float,
  sums: MutableFloatPointer, m: MutableFloatPointer, scratch: MutableFloatPointer
) {
  switch p.pointee.tileSize {
  case 2: run(Axis2.self)
  default: run(Axis4.self)
  }
  @inline(__always) func run<A: TrainingAxis>(_: A.Type) {
    let q = p.pointee, W = V.width, e = q.output, n = q.blockVectors * W
    let points = A.inputs, side = A.outputs
    let pixel = e.stride * ChannelsLast.pixel(V.self, e.target), row = e.stride * e.target.row
    let output = y - FloatPointer(e.target.origin), isLeaky = slope != 1, factor = V(repeating: slope)
    let tile = scratch, lines = scratch + 64 * W
    for half in 0..<q.blockVectors {
      let vector = block * q.blockVectors + half
      let out = m + half * W
      guard vector < e.vectors else {
        for t in 0..<to - from {
          for point in 0..<points * points { store(out + t * n + point * q.productPlane, V(repeating: 0)) }
        }
        continue
      }
      let base = e.target.origin + e.offsets[vector], lanes = e.lanes[vector]
      var sum = V(repeating: 0)
      for t in from..<to {
        let place = q.tiles[t], d = base + place.target
        let ahead = base + q.tiles[t + 1 < to ? t + 1 : t].target
        for i in 0..<side {
          for x in 0..<side {
            liae_prefetch_l1(FloatPointer(ahead + i * row + x * pixel))
            let at = tile + (i * side + x) * W
            if i < place.skippedRows || x < place.skippedColumns {
              store(at, V(repeating: 0))
              continue
            }
            let pixels = d + i * row + x * pixel
            var v: V = load(pixels)
            if isLeaky {
              v = V.selectWherePositive(load(FloatPointer(pixels) + output), v, v * factor)
              storePart(pixels, v, lanes)
            }
            sum = sum + v
            store(at, v)
          }
        }
        for x in 0..<side { A.outputBack(V.self, FloatPointer(tile + x * W), side * W, lines + x * W, side * W) }
        let target = out + (t - from) * n
        for i in 0..<points {
          A.outputBack(
            V.self, FloatPointer(lines + i * side * W), W, target + i * points * q.productPlane, q.productPlane)
        }
      }
      store(sums + half * W, (load(sums + half * W) as V) + sum)
    }
  }
}

/// c[row][n] = (0 or c[row][n]) + sum over k of a[k][row] * b[k][n]: a product whose summed index is the tile.
///
/// `PanelProduct` with the scalars in the other order: rows are neighbours, W floats lie between one k and the next.
@usableFromInline struct TransposedPanelProduct<V: Lanes>: TileBody {
  @usableFromInline let k: Int
  @usableFromInline let a: FloatPointer, b: FloatPointer
  @usableFromInline let c: MutableFloatPointer
  @usableFromInline let accumulate: Bool

  @inlinable @inline(__always)
  init(k: Int, a: FloatPointer, b: FloatPointer, c: MutableFloatPointer, accumulate: Bool) {
    (self.k, self.a, self.b, self.c, self.accumulate) = (k, a, b, c, accumulate)
  }

  @inlinable @inline(__always) func run<T: RegisterTile>(_: T.Type) where T.V == V {
    let W = V.width, n = T.vectors * W
    var tile = T()
    if accumulate { tile.loadAll(c) }
    var a = a, b = b
    for _ in 0..<(k >> 1) {
      tile.accumulate(load(b), load(b + W), a, 1)
      tile.accumulate(load(b + n), load(b + n + W), a + W, 1)
      b += 2 * n
      a += 2 * W
    }
    if k & 1 != 0 { tile.accumulate(load(b), load(b + W), a, 1) }
    tile.storeAll(c)
  }
}

/// dU = V^T dM of one block of output channels, of the summed channels from..<from + count, multiples of W but for the last:
/// over all rows of V and M.
///
/// - v: [point][channel / W][row][W] with `inputRows` rows. - m: [point][row][vectors * W].
/// - u: [point][channel][vectors * W], points `pointStride` floats apart.
@inlinable @inline(__always)
package func winogradProductBack<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<WinogradParameters>, from: Int, count: Int, rows: Int, v: FloatPointer, m: FloatPointer,
  u: MutableFloatPointer, pointStride: Int, accumulate: Bool
) {
  let q = p.pointee, W = V.width, n = q.blockVectors * W, height = V.transposedRows
  let points = winogradPoints(tileSize: q.tileSize)
  for point in 0..<points * points {
    if from < q.kLow[point] || from >= q.kHigh[point] { continue }
    let a = v + point * q.inputPlane, b = m + point * q.productPlane
    for k in stride(from: 0, to: count, by: height) {
      let channel = from + k
      let body = TransposedPanelProduct<V>(
        k: rows, a: a + (channel / W * q.inputRows * W + channel % W), b: b, c: u + point * pointStride + k * n,
        accumulate: accumulate)
      switch (q.blockVectors, height) {
      case (1, 8): body.run(Times8<Row1<V>>.self)
      case (1, _): body.run(Times4<Row1<V>>.self)
      case (_, 8): body.run(Times8<Row2<V>>.self)
      default: body.run(Times4<Row2<V>>.self)
      }
    }
  }
}
