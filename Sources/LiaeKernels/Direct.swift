// SPDX-License-Identifier: Apache-2.0
import CLiaeIntrinsics

/// The sums of a few neighbouring pixels of one row for one block of output channels.
@usableFromInline struct DirectTile<V: Lanes>: TileBody {
  @usableFromInline let p: UnsafePointer<DirectParameters>
  @usableFromInline let a: FloatPointer, b: FloatPointer
  @usableFromInline let c: MutableFloatPointer
  @inlinable @inline(__always)
  init(_ p: UnsafePointer<DirectParameters>, _ a: FloatPointer, _ b: FloatPointer, _ c: MutableFloatPointer) {
    (self.p, self.a, self.b, self.c) = (p, a, b, c)
  }
  @inlinable @inline(__always) func run<T: RegisterTile>(_: T.Type) where T.V == V {
    let W = V.width, n = T.vectors * W, stride = p.pointee.sourceStride, spans = p.pointee.spans
    var tile = T(), b = b
    for r in 0..<p.pointee.spanCount {
      var x = a + spans[r].offset
      let length = spans[r].length
      for _ in 0..<(length >> 1) {
        tile.accumulate(load(b), load(b + W), x, stride)
        liae_keep_load_order()
        tile.accumulate(load(b + n), load(b + n + W), x + 1, stride)
        liae_keep_load_order()
        b += 2 * n
        x += 2
      }
      if length & 1 != 0 {
        tile.accumulate(load(b), load(b + W), x, stride)
        b += n
      }
    }
    tile.storeAll(c)
  }
}

/// out[n,o,y,x] = act(b[o] + residual + sum over c,ky,kx of in[n,c,y*s+ky-p,x*s+kx-p] * w[o,c,ky,kx])
///
/// Rows y0..<y1 of one image for one block of output channels.
/// Numerics: float32, k in the order of the spans (ky, kx, c), one accumulator for each element.
@inlinable @inline(__always)
package func direct<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<DirectParameters>, block: Int, image: Int, y0: Int, y1: Int,
  scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width, n = q.blockVectors * W, e = q.output
  let weights = q.weights + block * q.weightRows * n
  for y in y0..<y1 {
    let row = FloatPointer(q.source.origin) + image * q.source.image + y * q.sourceRowStride
    forEachRowGroup(V.self, q.side) { x, count, _ in
      let a = row + x * q.sourceStride
      if q.blockVectors == 1 {
        withTile(Row1<V>.self, rows: count, DirectTile<V>(p, a, weights, scratch))
      } else {
        withTile(Row2<V>.self, rows: count, DirectTile<V>(p, a, weights, scratch))
      }
      for half in 0..<q.blockVectors {
        let vector = block * q.blockVectors + half
        if vector >= e.vectors { break }
        let bias: V = load(e.bias + vector * W), slope = V(repeating: e.slope)
        let d =
          e.target.origin + image * e.target.image + e.offsets[vector] + y * e.stride * e.target.row
          + x * e.stride * W
        let m = FloatPointer(scratch) + half * W
        if let residual = e.residual {
          let r =
            FloatPointer(residual.origin) + image * residual.image + vector * residual.plane + y * residual.row
            + x * W
          if e.activation == ActivationKind.cosine {
            put(ResidualSink<V, XCosX>(d, e.stride * W, r, W, bias, slope), m, n, count)
          } else {
            put(ResidualSink<V, LeakyReLU>(d, e.stride * W, r, W, bias, slope), m, n, count)
          }
        } else if e.activation == ActivationKind.cosine {
          put(ActivationSink<V, XCosX>(d, e.stride * W, bias, slope), m, n, count)
        } else {
          put(ActivationSink<V, LeakyReLU>(d, e.stride * W, bias, slope), m, n, count)
        }
      }
    }
  }
}

@inlinable @inline(__always)
func put<S: LineSink>(_ sink: S, _ m: FloatPointer, _ stride: Int, _ count: Int) {
  for i in 0..<count { sink.put(i, load(m + i * stride)) }
}
