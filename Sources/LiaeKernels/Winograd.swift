// SPDX-License-Identifier: Apache-2.0
import CLiaeIntrinsics

/// Floats of scratch that a kernel may use on each thread.
@inlinable package func scratchFloats(width: Int) -> Int { 128 * width }

extension WinogradParameters {
  /// The tiles in from..<to that use the point pair (i, j).
  @inlinable @inline(__always) func tileRange(_ i: Int, _ j: Int, _ from: Int, _ to: Int) -> (Int, Int) {
    var low = 0, high = tileCount
    if tileSize == 6 {
      let rowHalf = i == 5 || i == 6, columnHalf = j == 5 || j == 6  // the points that 4-tiles leave out
      if rowHalf { high = kind2 }
      if columnHalf {
        low = kind1
        if !rowHalf { high = kind3 }
      }
    }
    low = max(low, from)
    high = min(high, to)
    return (low, max(low, high))
  }
}

// MARK: - Input transform

/// V of one block of W channels for the tiles from..<to. `v` points at row 0 = tile `from` of the block's rows.
///
/// Shapes: source (N,C,H,W) in the layout L, V [point][channel / W][row][W].
/// Reads: windows of the tiles, two pixels past the picture unless the layout is ragged; of a ragged one a vector past the
/// last channel.
@inlinable @inline(__always)
package func winogradInput<V: Lanes, L: PixelLayout>(
  _: V.Type, _: L.Type, _ p: UnsafePointer<WinogradParameters>, block: Int, from: Int, to: Int, v: MutableFloatPointer,
  scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width
  let base = FloatPointer(q.source.origin) + q.sourceOffsets[block]
  let lanes = L.isRagged ? q.sourceLanes[block] : W
  let d = v + block * q.inputRows * W
  let rowStride = q.source.row * q.sourceStride, pixelStride = L.pixel(V.self, q.source) * q.sourceStride
  @inline(__always) func run<Y: WinogradAxis, X: WinogradAxis>(_: Y.Type, _: X.Type, _ low: Int, _ high: Int) {
    let low = max(low, from), high = min(high, to)
    if low >= high { return }
    for t in low..<high {
      var s = base + q.tiles[t].source
      let next = base + q.tiles[t + 1 < high ? t + 1 : t].source
      let o = d + (t - from) * W
      var nextRow = o + W
      var (rowStride, pixelStride) = (rowStride, pixelStride)
      if L.isRagged, let clip = q.clips?[t], clip.isCut || lanes < W {
        let window = scratch + 64 * W
        cut(V.self, s, rowStride, pixelStride, Y.inputs, X.inputs, clip, lanes, window)
        (s, rowStride, pixelStride) = (FloatPointer(window), X.inputs * W, W)
      }
      for r in 0..<Y.inputs {
        // Stores that miss leave the store buffer one by one: the lines of the next tile are fetched meanwhile.
        for _ in 0..<X.points {
          liae_prefetch_write(nextRow)
          nextRow += q.inputPlane
        }
        var ahead = next + r * rowStride + 2 * pixelStride
        for _ in 0..<X.outputs {
          liae_prefetch_l1(ahead)
          ahead += pixelStride
        }
        X.input(V.self, s + r * rowStride, pixelStride, scratch + r * 8 * W, W)
      }
      for j in 0..<X.points where X.uses(j) {
        Y.input(V.self, scratch + j * W, 8 * W, o + j * q.inputPlane, X.points * q.inputPlane)
      }
    }
  }
  switch q.tileSize {
  case 2: run(Axis2.self, Axis2.self, 0, q.tileCount)
  case 4: run(Axis4.self, Axis4.self, 0, q.tileCount)
  default:
    run(Axis6.self, Axis4Of6.self, 0, q.kind1)
    run(Axis6.self, Axis6.self, q.kind1, q.kind2)
    run(Axis4Of6.self, Axis6.self, q.kind2, q.kind3)
    run(Axis4Of6.self, Axis4Of6.self, q.kind3, q.tileCount)
  }
}

/// A window with zeros for the pixels outside the picture and for the lanes past the last channel.
@inlinable @inline(__always)
func cut<V: Lanes>(
  _: V.Type, _ s: FloatPointer, _ rowStride: Int, _ pixelStride: Int, _ rows: Int, _ columns: Int, _ clip: Clip,
  _ lanes: Int, _ window: MutableFloatPointer
) {
  let W = V.width
  for r in 0..<rows {
    for x in 0..<columns {
      let d = window + (r * columns + x) * W
      let isPixel =
        r >= Int(clip.firstRow) && r < Int(clip.endRow) && x >= Int(clip.firstColumn) && x < Int(clip.endColumn)
      store(d, isPixel ? load(s + r * rowStride + x * pixelStride) as V : V(repeating: 0))
      if isPixel && lanes < W { for lane in lanes..<W { d[lane] = 0 } }
    }
  }
}

// MARK: - Products

/// M = V U of the tiles from..<to for one block of output channels. Row 0 of `v` is tile `first`, of `m` tile `from`.
@inlinable @inline(__always)
package func winogradProduct<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<WinogradParameters>, block: Int, from: Int, to: Int, v: FloatPointer, first: Int,
  m: MutableFloatPointer
) {
  let q = p.pointee, W = V.width
  let points = winogradPoints(tileSize: q.tileSize)
  let n = q.blockVectors * W
  let weights = q.weights + block * q.weightRows * n
  // Late, so that it is still there when it is needed.
  let each = (to - from + V.tileRows - 1) / V.tileRows * (q.kHigh[0] - q.kLow[0]) * 16
  let late = points * points - 2 * q.aheadFloats / max(1, each) - 2
  var ahead = 0
  for i in 0..<points {
    for j in 0..<points {
      let point = i * points + j
      let (low, high) = q.tileRange(i, j, from, to)
      let k = q.kLow[point], panel = weights + q.weightOffset[point] * n
      var next = point + 1 < points * points ? weights + q.weightOffset[point + 1] * n : weights + q.weightRows * n
      if point >= late && ahead < q.aheadFloats {
        next = q.ahead + ahead
        ahead += (high - low + V.tileRows - 1) / V.tileRows * (q.kHigh[point] - q.kLow[point]) * 16
      }
      let a = v + point * q.inputPlane + k / W * q.inputRows * W + (low - first) * W
      let c = m + point * q.productPlane + (low - from) * n
      if q.blockVectors == 1 {
        panelProduct(
          Row1<V>.self, rows: high - low, k: q.kHigh[point] - k, a: a, blockStride: q.inputRows * W, b: panel, c: c,
          next: next, halfWidth: q.halfWidth, accumulate: q.accumulates)
      } else {
        panelProduct(
          Row2<V>.self, rows: high - low, k: q.kHigh[point] - k, a: a, blockStride: q.inputRows * W, b: panel, c: c,
          next: next, halfWidth: q.halfWidth, accumulate: q.accumulates)
      }
    }
  }
}

// MARK: - Output transform

/// The pixels of the tiles from..<to for one block of output channels, with bias, residual, activation and
/// depth-to-space.
@inlinable @inline(__always)
package func winogradOutput<V: Lanes, L: PixelLayout>(
  _: V.Type, _: L.Type, _ p: UnsafePointer<WinogradParameters>, block: Int, from: Int, to: Int, m: FloatPointer,
  scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width, e = q.output
  for half in 0..<q.blockVectors {
    let vector = block * q.blockVectors + half
    if vector >= e.vectors { break }
    if e.activation == ActivationKind.cosine {
      output(XCosX.self, vector, half)
    } else {
      output(LeakyReLU.self, vector, half)
    }
  }
  @inline(__always) func output<F: ActivationFunction>(_: F.Type, _ vector: Int, _ half: Int) {
    let d = e.target.origin + e.offsets[vector]
    let bias: V = load(e.bias + vector * W), slope = V(repeating: e.slope)
    let column = m + half * W
    switch q.tileSize {
    case 2: run(F.self, Axis2.self, Axis2.self, 0, q.tileCount, d, vector, column, bias, slope)
    case 4: run(F.self, Axis4.self, Axis4.self, 0, q.tileCount, d, vector, column, bias, slope)
    default:
      run(F.self, Axis6.self, Axis4Of6.self, 0, q.kind1, d, vector, column, bias, slope)
      run(F.self, Axis6.self, Axis6.self, q.kind1, q.kind2, d, vector, column, bias, slope)
      run(F.self, Axis4Of6.self, Axis6.self, q.kind2, q.kind3, d, vector, column, bias, slope)
      run(F.self, Axis4Of6.self, Axis4Of6.self, q.kind3, q.tileCount, d, vector, column, bias, slope)
    }
  }
  @inline(__always)
  func run<F: ActivationFunction, Y: WinogradAxis, X: WinogradAxis>(
    _: F.Type, _: Y.Type, _: X.Type, _ low: Int, _ high: Int, _ d: MutableFloatPointer, _ vector: Int,
    _ column: FloatPointer, _ bias: V, _ slope: V
  ) {
    let low = max(low, from), high = min(high, to)
    if low >= high { return }
    let n = q.blockVectors * W, pixelStride = e.stride * L.pixel(V.self, e.target), rowStride = e.stride * e.target.row
    let lanes = L.isRagged ? e.lanes[vector] : W
    for t in low..<high {
      let s = column + (t - from) * n
      for j in 0..<X.points where X.uses(j) {
        Y.output(s + j * q.productPlane, X.points * q.productPlane, PlainSink<V>(scratch + j * W, 8 * W))
      }
      let tile = q.tiles[t], next = q.tiles[t + 1 < high ? t + 1 : t]
      if L.isRagged && (e.residual != nil || lanes < W) {
        let residual = e.residual.map { FloatPointer($0.origin) + e.offsets[vector] + tile.target }
        for i in tile.skippedRows..<Y.outputs {
          putLine(
            X.self, scratch + i * 8 * W, tile.skippedColumns,
            RaggedSink<V, F>(
              d + tile.target + i * rowStride, pixelStride, residual.map { $0 + i * rowStride }, bias, slope, lanes))
        }
      } else if let residual = e.residual {
        let r = FloatPointer(residual.origin) + vector * residual.plane + tile.residual
        let ahead = FloatPointer(residual.origin) + vector * residual.plane + next.residual
        for i in tile.skippedRows..<Y.outputs {
          for x in 0..<X.outputs { liae_prefetch_l1(ahead + i * residual.row + x * W) }
          putLine(
            X.self, scratch + i * 8 * W, tile.skippedColumns,
            ResidualSink<V, F>(d + tile.target + i * rowStride, pixelStride, r + i * residual.row, W, bias, slope))
        }
      } else {
        for i in tile.skippedRows..<Y.outputs {
          for x in 0..<X.outputs { liae_prefetch_write(d + next.target + i * rowStride + x * pixelStride) }
          putLine(
            X.self, scratch + i * 8 * W, tile.skippedColumns,
            ActivationSink<V, F>(d + tile.target + i * rowStride, pixelStride, bias, slope))
        }
      }
    }
  }
}

/// The mask of the tiles from..<to for one block of output channels: bias, activation, depth-to-space, the 1x1 convolution to
/// one channel of `ConvolutionOutput.head`, and the sigmoid. A block has all channels of its pixels.
///
/// Numerics: those of `maskHead` behind `winogradOutput`, to the bit.
@inlinable @inline(__always)
package func winogradMask<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<WinogradParameters>, block: Int, from: Int, to: Int, m: FloatPointer,
  scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width, e = q.output
  guard let head = e.head else { return }
  let perPixel = e.vectors / 4, rowStride = e.stride * e.target.row
  let sums = scratch + 64 * W
  for t in from..<to {
    let tile = q.tiles[t], s = m + (t - from) * q.blockVectors * W
    for half in 0..<q.blockVectors {
      let vector = block * q.blockVectors + half
      if vector >= e.vectors { break }
      let (rows, columns) = transform(t, tile, s + half * W)
      add(vector, tile.skippedRows..<rows, columns)
      if (vector + 1) % perPixel == 0 { finish(e.target.origin + e.offsets[vector] + tile.target, tile, rows, columns) }
    }
  }
  /// The outputs of a tile, rows of 8 vectors of scratch; returns how many rows and columns there are.
  @inline(__always) func transform(_ t: Int, _ tile: Tile, _ s: FloatPointer) -> (rows: Int, columns: Int) {
    switch q.tileSize {
    case 2: return outputs(Axis2.self, Axis2.self, tile, s)
    case 4: return outputs(Axis4.self, Axis4.self, tile, s)
    default:
      if t < q.kind1 { return outputs(Axis6.self, Axis4Of6.self, tile, s) }
      if t < q.kind2 { return outputs(Axis6.self, Axis6.self, tile, s) }
      if t < q.kind3 { return outputs(Axis4Of6.self, Axis6.self, tile, s) }
      return outputs(Axis4Of6.self, Axis4Of6.self, tile, s)
    }
  }
  @inline(__always) func outputs<Y: WinogradAxis, X: WinogradAxis>(
    _: Y.Type, _: X.Type, _ tile: Tile, _ s: FloatPointer
  ) -> (rows: Int, columns: Int) {
    for j in 0..<X.points where X.uses(j) {
      Y.output(s + j * q.productPlane, X.points * q.productPlane, PlainSink<V>(scratch + j * W, 8 * W))
    }
    for i in tile.skippedRows..<Y.outputs {
      X.output(scratch + i * 8 * W, W, PlainSink<V>(scratch + i * 8 * W, W))
    }
    return (Y.outputs, X.outputs)
  }
  /// Adds a vector of channels of all pixels of a tile.
  @inline(__always) func add(_ vector: Int, _ rows: Range<Int>, _ columns: Int) {
    let bias: V = load(e.bias + vector * W), slope = V(repeating: e.slope)
    let weights: V = load(head + vector % perPixel * W)
    let isFirst = vector % perPixel == 0
    for i in rows {
      for x in 0..<columns {
        let v: V = load(scratch + (i * 8 + x) * W) + bias
        let value = e.activation == ActivationKind.cosine ? XCosX.apply(v, slope) : LeakyReLU.apply(v, slope)
        let sum = sums + (i * columns + x) * W
        store(sum, V.mulAdd(isFirst ? V(repeating: 0) : load(sum), value, weights))
      }
    }
  }
  /// Adds the lanes of each pixel.
  @inline(__always) func finish(_ d: MutableFloatPointer, _ tile: Tile, _ rows: Int, _ columns: Int) {
    var (i, x) = (tile.skippedRows, 0)
    for first in stride(from: i * columns, to: rows * columns, by: W) {
      store(scratch, maskPixels(FloatPointer(sums + first * W), bias: head[perPixel * W], columns: scratch) as V)
      for k in 0..<min(W, rows * columns - first) {
        if x >= tile.skippedColumns { d[i * rowStride + x * e.stride] = scratch[k] }
        x += 1
        if x == columns { (i, x) = (i + 1, 0) }
      }
    }
  }
}

/// The outputs of one line of a tile past the first `skipped`.
@inlinable @inline(__always)
func putLine<X: WinogradAxis, S: LineSink>(_: X.Type, _ line: MutableFloatPointer, _ skipped: Int, _ sink: S) {
  let W = S.V.width
  if skipped == 0 { return X.output(line, W, sink) }
  X.output(line, W, PlainSink<S.V>(line, W))
  for x in skipped..<X.outputs { sink.put(x, load(line + x * W)) }
}
