// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A kind of structural dissimilarity, (1 - SSIM) / 2.
package struct Dissimilarity: Sendable {
  /// The constant that is added to both sides of the contrast's fraction, with c2.
  let stabilizer: Float
  /// True if negative similarities count as 0.
  let isClamped: Bool

  /// DeepFaceLab's: nothing added, nothing clamped.
  package static let deepFaceLab = Dissimilarity(stabilizer: 0, isClamped: false)
  /// The PyTorch port's: 1e-6 added to the covariance and to both variances, and negative similarities clamped.
  package static let torch = Dissimilarity(stabilizer: 2e-6, isClamped: true)

  static let c1: Float = 1e-4
  static let c2: Float = 9e-4
}

extension Losses {
  /// The mean dissimilarity of target * factor and prediction * factor over channels and over the positions where the
  /// window of `size` x `size` fits (no padding).
  ///
  /// Per channel, with F the window's filter: l = (2 F(a) F(b) + c1) / (F(a)^2 + F(b)^2 + c1),
  /// s = (2 F(ab) - 2 F(a) F(b) + c2) / (F(aa + bb) - F(a)^2 - F(b)^2 + c2), SSIM = mean of l * s.
  package func structure(
    _ kind: Dissimilarity, _ prediction: Tensor, _ target: Tensor, factor: Tensor? = nil, window size: Int,
    weight: Double, into values: inout [Double]
  ) throws(LiaeError) {
    Self.check(prediction, target, factor, values: values)
    let (height, width, channels) = (prediction.height, prediction.width, prediction.channels)
    precondition(size <= min(height, width))
    let kernel = try window(size)
    let map = StructureMap(
      kind: kind, size: size, taps: kernel.taps, width: width, channels: channels, outputHeight: height - size + 1,
      scale: Float(-0.5 * weight / Double((height - size + 1) * (width - size + 1) * channels)))
    let count = prediction.count
    let plane = height * map.row
    let pictures = try scratch(2 * count * plane)
    let derivatives = try scratch(3 * count * map.outputHeight * map.row)
    let perSample = (height + Self.band - 1) / Self.band
    let lines = try scratch(count * perSample * map.scratch)
    let gradient = try prediction.gradient()
    let (a, b) = (pictures.value, pictures.value + count * plane)

    bands(count, height: height) { sample, from, to in
      for y in from..<to {
        let f = factor.map { $0.value + (sample * height + y) * width }
        let source = sample * prediction.stride + y * width * channels
        map.multiply(target.value + source, f, into: a + (sample * height + y) * map.row)
        map.multiply(prediction.value + source, f, into: b + (sample * height + y) * map.row)
      }
    }
    for sample in 0..<count { values[sample] += weight / 2 }
    sum(count, height: map.outputHeight, scale: Double(map.scale), into: &values) { sample, from, to in
      let line = lines.value + (sample * perSample + from / Self.band) * map.scratch
      line.update(repeating: 0, count: map.scratch)
      var total = 0.0
      for y in from..<to {
        total += map.forward(
          a + (sample * height + y) * map.row, b + (sample * height + y) * map.row, line,
          derivatives: derivatives.value + 3 * (sample * map.outputHeight + y) * map.row)
      }
      return total
    }
    bands(count, height: height) { sample, from, to in
      let line = lines.value + (sample * perSample + from / Self.band) * map.scratch
      for y in from..<to {
        map.backward(
          y, derivatives.value + 3 * sample * map.outputHeight * map.row, a + (sample * height + y) * map.row,
          b + (sample * height + y) * map.row, line, factor: factor.map { $0.value + (sample * height + y) * width },
          gradient: gradient + (sample * prediction.stride + y * width * channels))
      }
    }
    withExtendedLifetime((pictures, derivatives, lines, kernel)) {}
  }
}

/// The rows of a map of similarities. Rows are padded to whole vectors; padding holds anything.
private struct StructureMap {
  let kind: Dissimilarity
  let size: Int
  let taps: UnsafePointer<Float>
  let width, channels, outputHeight: Int
  /// d loss / d similarity of one position.
  let scale: Float

  /// Floats of a picture's row and of a map's.
  var used: Int { width * channels }
  var outputs: Int { (width - size + 1) * channels }
  var row: Int { (used + 15) / 8 * 8 }
  private var margin: Int { (size - 1) * channels }
  /// Four rows filtered down, four filtered along, three derivatives with zeros on both sides.
  var scratch: Int { 8 * row + 3 * (row + 2 * margin) }

  func multiply(_ x: UnsafePointer<Float>, _ factor: UnsafePointer<Float>?, into out: UnsafeMutablePointer<Float>) {
    guard let factor else {
      out.update(from: x, count: used)
      return
    }
    var i = 0
    for pixel in 0..<width {
      let f = factor[pixel]
      for _ in 0..<channels {
        out[i] = x[i] * f
        i &+= 1
      }
    }
  }

  /// The sum of one row's similarities. `a` and `b` are the first of `size` rows, `derivatives` is three rows for those
  /// by F(b), F(ab) and F(aa + bb), filtered back along the row.
  func forward(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ scratch: UnsafeMutablePointer<Float>,
    derivatives: UnsafeMutablePointer<Float>
  ) -> Double {
    let row = row
    var x = 0
    while x < used {
      var (p, q) = (a + x, b + x)
      var (sumA, sumB, sumAB, sumSquares) = (Floats.zero, Floats.zero, Floats.zero, Floats.zero)
      for i in 0..<size {
        let k = Floats(repeating: taps[i])
        let (u, v) = (load(p), load(q))
        let (ku, kv) = (k * u, k * v)
        sumA += ku
        sumB += kv
        sumAB += ku * v
        sumSquares += ku * u + kv * v
        p += row
        q += row
      }
      store(scratch + x, sumA)
      store(scratch + row + x, sumB)
      store(scratch + 2 &* row + x, sumAB)
      store(scratch + 3 &* row + x, sumSquares)
      x &+= 8
    }
    let filtered = scratch + 4 &* row
    for i in 0..<4 {
      correlate(
        scratch + i &* row, step: channels, taps: taps, size: size, into: filtered + i &* row, count: outputs)
    }
    let lines = scratch + 8 &* row
    let line = row &+ 2 &* margin
    let total = similarities(filtered, lines + margin, line)
    for i in 0..<3 {
      correlate(lines + i &* line, step: channels, taps: taps, size: size, into: derivatives + i &* row, count: used)
    }
    return total
  }

  /// Computes the similarities' sum and their three derivatives, which are `line` floats apart, from the four filtered
  /// rows.
  private func similarities(
    _ filtered: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ line: Int
  ) -> Double {
    let row = row, outputs = outputs
    let c1 = Floats(repeating: Dissimilarity.c1)
    let c2 = Floats(repeating: Dissimilarity.c2 + kind.stabilizer)
    let two = Floats(repeating: 2), scale = Floats(repeating: scale)
    let lanes = SIMD8<Int32>(0, 1, 2, 3, 4, 5, 6, 7)
    var total = Floats.zero
    var x = 0
    while x < outputs {
      let (a, b) = (load(filtered + x), load(filtered + row + x))
      let (ab, squares) = (load(filtered + 2 &* row + x), load(filtered + 3 &* row + x))
      let product = two * a * b
      let sumOfSquares = a * a + b * b
      let luminanceBelow = sumOfSquares + c1
      let contrastBelow = squares - sumOfSquares + c2
      let luminance = (product + c1) / luminanceBelow
      let contrast = (two * ab - product + c2) / contrastBelow
      var similarity = luminance * contrast
      var byProduct = scale * two * luminance / contrastBelow
      var bySquares = -(scale * similarity / contrastBelow)
      var byB =
        scale * two
        * ((a - b * luminance) / luminanceBelow * contrast + (b * contrast - a) / contrastBelow * luminance)
      var isOff = lanes .>= Int32(truncatingIfNeeded: outputs &- x)
      if kind.isClamped { isOff = isOff .| (similarity .< 0) }
      similarity.replace(with: 0, where: isOff)
      byProduct.replace(with: 0, where: isOff)
      bySquares.replace(with: 0, where: isOff)
      byB.replace(with: 0, where: isOff)
      total += similarity
      store(out + x, byB)
      store(out + line + x, byProduct)
      store(out + 2 &* line + x, bySquares)
      x &+= 8
    }
    return Double(total.sum())
  }

  /// Adds the derivative by row `y` of the prediction. `derivatives` is the sample's.
  func backward(
    _ y: Int, _ derivatives: UnsafePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, factor: UnsafePointer<Float>?, gradient: UnsafeMutablePointer<Float>
  ) {
    let row = row
    // Rows of the map whose window holds y: y - i, for i from `first`.
    let first = max(0, y - outputHeight + 1), last = min(size - 1, y)
    for i in 0..<3 {
      correlate(
        derivatives + (3 &* (y - first) &+ i) &* row, step: -3 &* row, taps: taps + first, size: last - first + 1,
        into: scratch + i &* row, count: used)
    }
    let two = Floats(repeating: 2)
    var x = 0
    while x < used {
      let sum =
        load(scratch + x) + load(a + x) * load(scratch + row + x) + two * load(b + x) * load(scratch + 2 &* row + x)
      store(scratch + x, sum)
      x &+= 8
    }
    guard let factor else {
      for i in 0..<used { gradient[i] += scratch[i] }
      return
    }
    var i = 0
    for pixel in 0..<width {
      let f = factor[pixel]
      for _ in 0..<channels {
        gradient[i] += f * scratch[i]
        i &+= 1
      }
    }
  }
}
