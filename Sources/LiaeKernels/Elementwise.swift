// SPDX-License-Identifier: Apache-2.0

/// The picture of an activation as one flat vector, [channel / W][y][x][W], and the sum of its squares.
///
/// Channels past the last real one are zero in both, so they add nothing.
@inlinable @inline(__always)
package func flatten<V: Lanes>(
  _: V.Type, source: ActivationView, image: Int, blocks: Int, side: Int, into out: MutableFloatPointer,
  scratch: MutableFloatPointer
) -> Float {
  let W = V.width
  var out = out
  var total: Float = 0
  for block in 0..<blocks {
    // A sum for each block keeps every partial sum short, so that large encoders lose no digits.
    var sum = V(repeating: 0)
    for y in 0..<side {
      let row = source.origin + image * source.image + block * source.plane + y * source.row
      for x in 0..<side {
        let v: V = load(row + x * W)
        sum = V.mulAdd(sum, v, v)
        store(out, v)
        out += W
      }
    }
    total += laneSum(sum, scratch)
  }
  return total
}

/// The two halves that the decoder is fed, from the latent codes AB and B.
///
/// The packed first decoder layers hold [W1 + W2 ; W2] for a code [X, AB - X], which is W1 X + W2 AB.
/// first = X = b + t (ab - b), second = ab - X; t = 0 is B itself, exactly. Pointers may alias element by element.
@inlinable @inline(__always)
package func mixCodes<V: Lanes>(
  _: V.Type, ab: FloatPointer, b: FloatPointer, t: Float, first: MutableFloatPointer, second: MutableFloatPointer,
  count: Int
) {
  let weight = V(repeating: t)
  for i in stride(from: 0, to: count, by: V.width) {
    let x: V = load(ab + i), y: V = load(b + i)
    let mixed = V.mulAdd(y, weight, x - y)
    store(first + i, mixed)
    store(second + i, x - mixed)
  }
}

/// Sigmoids of a head's output as the picture that the caller gets.
@usableFromInline package struct HeadParameters {
  @usableFromInline package var source: ActivationView
  /// Side of the source, pixels.
  @usableFromInline package var side: Int
  /// Channels of one pixel of the picture: 3 or 1.
  @usableFromInline package var channels: Int
  /// 1: source channel c is channel c. 2: source channel q * channels + c is channel c of pixel (2y + q/2, 2x + q%2).
  @usableFromInline package var factor: Int
  /// (images, side * factor, side * factor, channels)
  @usableFromInline package var output: MutableFloatPointer
  @inlinable package init(source: ActivationView, side: Int, channels: Int, factor: Int, output: MutableFloatPointer) {
    (self.source, self.side, self.channels, self.factor, self.output) = (source, side, channels, factor, output)
  }
}

/// A mask: the sigmoid of a convolution to one channel, of an odd kernel that is centred on its pixel.
@usableFromInline package struct MaskHeadParameters {
  @usableFromInline package var source: ActivationView
  /// Side of source and mask, pixels.
  @usableFromInline package var side: Int
  /// Rows and columns of the kernel, at most 5: the border of two pixels.
  @usableFromInline package var kernel: Int
  /// Blocks of W channels.
  @usableFromInline package var blocks: Int
  /// (kernel row, kernel column, channel), zeros past the last channel of the blocks.
  @usableFromInline package var weights: FloatPointer
  @usableFromInline package var bias: Float
  /// (images, side, side)
  @usableFromInline package var output: MutableFloatPointer
  @inlinable package init(
    source: ActivationView, side: Int, kernel: Int, blocks: Int, weights: FloatPointer, bias: Float,
    output: MutableFloatPointer
  ) {
    (self.source, self.side, self.kernel, self.blocks) = (source, side, kernel, blocks)
    (self.weights, self.bias, self.output) = (weights, bias, output)
  }
}

/// The mask of W pixels whose products stand one pixel behind the other: the lanes of each are added in turn to the bias, and
/// the sigmoid is taken.
///
/// - Parameter columns: W vectors of scratch.
@inlinable @inline(__always)
func maskPixels<V: Lanes>(_ products: FloatPointer, bias: Float, columns: MutableFloatPointer) -> V {
  let W = V.width
  V.transpose(products, W, columns, W)
  var sum = V(repeating: bias)
  for lane in 0..<W { sum = sum + (load(columns + lane * W) as V) }
  return sigmoid(sum)
}

/// Rows y0..<y1 of one image.
///
/// Reads: kernel / 2 pixels past the picture; whole vectors of the last block, whose lanes past the last channel are finite.
/// Numerics: float32; each lane sums its channels by kernel row, kernel column and block, then lanes are added in turn.
@inlinable @inline(__always)
package func maskHead<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<MaskHeadParameters>, image: Int, y0: Int, y1: Int, scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width
  let columns = scratch + W * W
  let before = q.kernel / 2 * (q.source.row + W)
  for y in y0..<y1 {
    let row = FloatPointer(q.source.origin) + image * q.source.image + y * q.source.row - before
    let mask = q.output + (image * q.side + y) * q.side
    for x in stride(from: 0, to: q.side, by: W) {
      let count = min(W, q.side - x)
      for i in 0..<count {
        var sum = V(repeating: 0)
        var line = row + (x + i) * W, weights = q.weights
        for _ in 0..<q.kernel {
          for column in 0..<q.kernel {
            var pixel = line + column * W
            for _ in 0..<q.blocks {
              sum = V.mulAdd(sum, load(pixel), load(weights))
              pixel += q.source.plane
              weights += W
            }
          }
          line += q.source.row
        }
        store(scratch + i * W, sum)
      }
      let pixels: V = maskPixels(FloatPointer(scratch), bias: q.bias, columns: columns)
      if count == W {
        store(mask + x, pixels)
      } else {
        store(columns, pixels)
        for i in 0..<count { mask[x + i] = columns[i] }
      }
    }
  }
}

/// Source rows y0..<y1 of one image.
@inlinable @inline(__always)
package func headOutput<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<HeadParameters>, image: Int, y0: Int, y1: Int, scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width
  let outputs = q.channels * q.factor * q.factor
  let width = q.side * q.factor
  let picture = q.output + image * width * width * q.channels
  for y in y0..<y1 {
    for x in 0..<q.side {
      let pixel = q.source.origin + image * q.source.image + y * q.source.row + x * W
      for block in 0..<(outputs + W - 1) / W {
        store(scratch + block * W, sigmoid(load(pixel + block * q.source.plane) as V))
      }
      for part in 0..<q.factor * q.factor {
        let dy = part / q.factor, dx = part % q.factor
        let d = picture + ((y * q.factor + dy) * width + x * q.factor + dx) * q.channels
        for c in 0..<q.channels { d[c] = scratch[part * q.channels + c] }
      }
    }
  }
}
