// SPDX-License-Identifier: Apache-2.0

/// Pixels (every one, or every second one of every second row) of a batch of pictures whose channels stand together, and
/// the points of the Winograd tiles over them. All strides in floats.
///
/// Every second pixel is how a stride of 2 is read, and how depth-to-space is written, without a copy.
@usableFromInline package struct TrainingTiles {
  /// Pixel (0, 0) of image 0.
  @usableFromInline package var pixels: MutableFloatPointer
  @usableFromInline package var image, row, column: Int
  @usableFromInline package var height, width: Int
  @usableFromInline package var channels: Int
  /// Where the window or the outputs of tile (0, 0) begin: -padding for inputs, 0 for outputs.
  @usableFromInline package var origin: Int
  @usableFromInline package var tilesDown, tilesAcross: Int
  /// Point 0 of tile `firstTile`.
  @usableFromInline package var points: MutableFloatPointer
  @usableFromInline package var point, tile: Int
  @usableFromInline package var firstTile: Int

  @inlinable package init(
    pixels: MutableFloatPointer, image: Int, row: Int, column: Int, height: Int, width: Int, channels: Int, origin: Int,
    tilesDown: Int, tilesAcross: Int, points: MutableFloatPointer, point: Int, tile: Int, firstTile: Int
  ) {
    (self.pixels, self.image, self.row, self.column) = (pixels, image, row, column)
    (self.height, self.width, self.channels, self.origin) = (height, width, channels, origin)
    (self.tilesDown, self.tilesAcross) = (tilesDown, tilesAcross)
    (self.points, self.point, self.tile, self.firstTile) = (points, point, tile, firstTile)
  }

  @inlinable @inline(__always)
  func place(_ tile: Int, step: Int) -> (picture: MutableFloatPointer, y: Int, x: Int) {
    let perImage = tilesDown * tilesAcross
    let i = tile / perImage, rest = tile - i * perImage
    let down = rest / tilesAcross
    return (
      pixels + i * image, down * step + origin, (rest - down * tilesAcross) * step + origin
    )
  }
}

/// What follows the sum of a convolution that is trained.
@usableFromInline package struct TrainingEpilogue {
  /// As many as channels.
  @usableFromInline package var bias: FloatPointer?
  /// Added before the activation; strides as the pixels'.
  @usableFromInline package var residual: FloatPointer?
  /// Slope of the leaky ReLU; 1 is none.
  @usableFromInline package var slope: Float
  @inlinable package init(bias: FloatPointer?, residual: FloatPointer?, slope: Float) {
    (self.bias, self.residual, self.slope) = (bias, residual, slope)
  }
}

/// Memory a transform needs, floats of a vector each.
@inlinable @inline(__always) package func trainingScratchFloats(width: Int) -> Int { 3 * 64 * width }

@inlinable @inline(__always)
func storePart<V: Lanes>(_ p: MutableFloatPointer, _ v: V, _ count: Int) {
  if count >= V.width { store(p, v) } else { for i in 0..<count { p[i] = v[i] } }
}

/// Where the vector that begins at channel `begin` is read: moved back over its neighbour where there are no more channels
/// for it, so that it is a whole one. For kernels that write the same value twice.
@inlinable @inline(__always)
func vectorBegin(_ begin: Int, of channels: Int, width: Int) -> Int {
  channels < width || begin + width <= channels ? begin : channels - width
}

/// B^T d B of the windows of tiles from..<to. Reads up to a vector past the last channel of a pixel.
@inlinable @inline(__always)
func windowsToPoints<V: Lanes, A: TrainingAxis>(
  _: V.Type, _: A.Type, _ p: UnsafePointer<TrainingTiles>, from: Int, to: Int, scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width, n = A.inputs
  let window = scratch, lines = scratch + 64 * W
  for t in from..<to {
    let (picture, y0, x0) = q.place(t, step: A.outputs)
    let isInside = y0 >= 0 && x0 >= 0 && y0 + n <= q.height && x0 + n <= q.width
    for begin in stride(from: 0, to: q.channels, by: W) {
      let c = vectorBegin(begin, of: q.channels, width: W)
      var source = FloatPointer(picture + y0 * q.row + x0 * q.column + c)
      var (row, column) = (q.row, q.column)
      if !isInside {
        for i in 0..<n {
          for j in 0..<n {
            let isPixel = y0 + i >= 0 && y0 + i < q.height && x0 + j >= 0 && x0 + j < q.width
            store(
              window + (i * n + j) * W,
              isPixel ? load(source + i * row + j * column) : V(repeating: 0))
          }
        }
        (source, row, column) = (FloatPointer(window), n * W, W)
      }
      for j in 0..<n { A.input(V.self, source + j * column, row, lines + j * W, n * W) }
      let out = q.points + (t - q.firstTile) * q.tile + c
      let rest = q.channels - c
      if rest >= W {
        for i in 0..<n { A.input(V.self, lines + i * n * W, W, out + i * n * q.point, q.point) }
      } else {
        for i in 0..<n {
          A.input(V.self, lines + i * n * W, W, window, W)
          for j in 0..<n { storePart(out + (i * n + j) * q.point, load(window + j * W) as V, rest) }
        }
      }
    }
  }
}

/// Adds B v B^T, the derivative by the pixels, of tiles from..<to and channels c0..<c1. Tiles overlap: two tasks must not
/// have the same image and channels.
@inlinable @inline(__always)
func pointsToWindows<V: Lanes, A: TrainingAxis>(
  _: V.Type, _: A.Type, _ p: UnsafePointer<TrainingTiles>, from: Int, to: Int, c0: Int, c1: Int,
  scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width, n = A.inputs
  let window = scratch, lines = scratch + 64 * W
  for t in from..<to {
    let (picture, y0, x0) = q.place(t, step: A.outputs)
    let i0 = max(0, -y0), i1 = min(n, q.height - y0), j0 = max(0, -x0), j1 = min(n, q.width - x0)
    for c in stride(from: c0, to: c1, by: W) {
      let source = FloatPointer(q.points + (t - q.firstTile) * q.tile + c)
      for j in 0..<n { A.inputBack(V.self, source + j * q.point, n * q.point, lines + j * W, n * W) }
      for i in i0..<max(i0, i1) {
        A.inputBack(V.self, lines + i * n * W, W, window, W)
        let out = picture + (y0 + i) * q.row + x0 * q.column + c
        for j in j0..<max(j0, j1) {
          let d = out + j * q.column
          storePart(d, (load(d) as V) + (load(window + j * W) as V), c1 - c)
        }
      }
    }
  }
}

/// A^T m A, bias, residual and activation of tiles from..<to, to the pixels.
@inlinable @inline(__always)
func pointsToPixels<V: Lanes, A: TrainingAxis>(
  _: V.Type, _: A.Type, _ p: UnsafePointer<TrainingTiles>, _ e: UnsafePointer<TrainingEpilogue>, from: Int, to: Int,
  scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width, n = A.inputs, m = A.outputs
  let epilogue = e.pointee, slope = V(repeating: epilogue.slope)
  let hasResidual = epilogue.residual != nil
  let residual = (epilogue.residual ?? FloatPointer(q.pixels)) - FloatPointer(q.pixels)
  let tile = scratch, lines = scratch + 64 * W
  for t in from..<to {
    let (picture, y0, x0) = q.place(t, step: m)
    let rows = min(m, q.height - y0), columns = min(m, q.width - x0)
    for begin in stride(from: 0, to: q.channels, by: W) {
      let c = vectorBegin(begin, of: q.channels, width: W)
      let source = FloatPointer(q.points + (t - q.firstTile) * q.tile + c)
      let rest = q.channels - c
      var bias = V(repeating: 0)
      if let b = epilogue.bias {
        if rest >= W { bias = load(b + c) } else { for i in 0..<rest { bias[i] = b[c + i] } }
      }
      for j in 0..<n { A.output(source + j * q.point, n * q.point, PlainSink<V>(lines + j * W, n * W)) }
      for i in 0..<rows {
        A.output(FloatPointer(lines + i * n * W), W, PlainSink<V>(tile, W))
        let out = picture + (y0 + i) * q.row + x0 * q.column + c
        for j in 0..<columns {
          let d = out + j * q.column
          var v = (load(tile + j * W) as V) + bias
          if hasResidual { v = v + (load(FloatPointer(d) + residual) as V) }
          storePart(d, V.whereNegative(v, v * slope), rest)
        }
      }
    }
  }
}

/// A d A^T of the derivative by the outputs of tiles from..<to, through the activation: where the output `y` (strides as
/// the pixels') is not positive, times slope. Adds the sums over pixels to `bias`, as many as channels.
@inlinable @inline(__always)
func pixelsToPoints<V: Lanes, A: TrainingAxis>(
  _: V.Type, _: A.Type, _ p: UnsafePointer<TrainingTiles>, y: FloatPointer, slope: Float, bias: MutableFloatPointer,
  from: Int, to: Int, scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width, n = A.inputs, m = A.outputs
  let output = y - FloatPointer(q.pixels), isLeaky = slope != 1, factor = V(repeating: slope)
  let tile = scratch, lines = scratch + 64 * W
  for t in from..<to {
    let (picture, y0, x0) = q.place(t, step: m)
    let rows = min(m, q.height - y0), columns = min(m, q.width - x0)
    for begin in stride(from: 0, to: q.channels, by: W) {
      let c = vectorBegin(begin, of: q.channels, width: W)
      let rest = q.channels - c
      var sum = V(repeating: 0)
      if rows < m || columns < m { for i in 0..<m * m { store(tile + i * W, V(repeating: 0)) } }
      for i in 0..<rows {
        let line = picture + (y0 + i) * q.row + x0 * q.column + c
        for j in 0..<columns {
          let d = FloatPointer(line + j * q.column)
          var v: V = load(d)
          if isLeaky { v = V.selectWherePositive(load(d + output), v, v * factor) }
          sum = sum + v
          store(tile + (i * m + j) * W, v)
        }
      }
      if c == begin {
        storePart(bias + c, (load(bias + c) as V) + sum, rest)
      } else {
        for i in begin - c..<W { bias[c + i] += sum[i] }
      }
      for j in 0..<m { A.outputBack(V.self, FloatPointer(tile + j * W), m * W, lines + j * W, m * W) }
      let out = q.points + (t - q.firstTile) * q.tile + c
      if rest >= W {
        for i in 0..<n { A.outputBack(V.self, lines + i * m * W, W, out + i * n * q.point, q.point) }
      } else {
        for i in 0..<n {
          A.outputBack(V.self, lines + i * m * W, W, tile, W)
          for j in 0..<n { storePart(out + (i * n + j) * q.point, load(tile + j * W) as V, rest) }
        }
      }
    }
  }
}

/// U = G g G^T of `count` weights from nine taps that stand apart; a tap that is nil is zero. Writes `count` floats of
/// each point.
@inlinable @inline(__always)
func tapsToPoints<V: Lanes, A: TrainingAxis>(
  _: V.Type, _: A.Type, _ taps: UnsafePointer<FloatPointer?>, count: Int, points u: MutableFloatPointer, point: Int,
  scratch: MutableFloatPointer
) {
  let W = V.width, n = A.inputs
  let window = scratch, lines = scratch + 64 * W
  for c in stride(from: 0, to: count, by: W) {
    for i in 0..<9 {
      if let tap = taps[i] { store(window + i * W, load(tap + c) as V) } else { store(window + i * W, V(repeating: 0)) }
    }
    for j in 0..<3 { A.taps(V.self, FloatPointer(window + j * W), 3 * W, lines + j * W, 3 * W) }
    if count - c >= W {
      for i in 0..<n { A.taps(V.self, FloatPointer(lines + i * 3 * W), W, u + i * n * point + c, point) }
    } else {
      for i in 0..<n {
        A.taps(V.self, FloatPointer(lines + i * 3 * W), W, window, W)
        for j in 0..<n { storePart(u + (i * n + j) * point + c, load(window + j * W) as V, count - c) }
      }
    }
  }
}

/// Adds G^T u G, the derivative by the taps, to those of nine gradients that are not nil.
@inlinable @inline(__always)
func pointsToTaps<V: Lanes, A: TrainingAxis>(
  _: V.Type, _: A.Type, points u: FloatPointer, point: Int, count: Int, _ taps: UnsafePointer<MutableFloatPointer?>,
  scratch: MutableFloatPointer
) {
  let W = V.width, n = A.inputs
  let window = scratch, lines = scratch + 64 * W
  for c in stride(from: 0, to: count, by: W) {
    for j in 0..<n { A.tapsBack(V.self, u + j * point + c, n * point, lines + j * W, n * W) }
    for i in 0..<3 {
      A.tapsBack(V.self, FloatPointer(lines + i * n * W), W, window, W)
      for j in 0..<3 {
        guard let tap = taps[i * 3 + j] else { continue }
        storePart(tap + c, (load(tap + c) as V) + (load(window + j * W) as V), count - c)
      }
    }
  }
}
