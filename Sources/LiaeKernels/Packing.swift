// SPDX-License-Identifier: Apache-2.0

/// The parameters of packing one output channel lane and one row k of weights.
@usableFromInline package struct PackParameters {
  /// (out, in, kernel, kernel)
  @usableFromInline package var weights: FloatPointer
  @usableFromInline package var inputChannels: Int
  @usableFromInline package var kernel: Int
  /// Side m of the largest output tile of F(m, 3), or 0 for the plain sum.
  @usableFromInline package var tileSize: Int
  @usableFromInline package var phases: Int
  /// Channels of a phase as packed.
  @usableFromInline package var phaseChannels: Int
  /// The channel that each packed input channel is, and one that is added to it; -1 for none.
  @usableFromInline package var input: UnsafePointer<Int32>
  @usableFromInline package var added: UnsafePointer<Int32>
  /// The channel that each packed output channel is, or -1.
  @usableFromInline package var output: UnsafePointer<Int32>
  @usableFromInline package var blockVectors: Int
  @usableFromInline package var weightRows: Int
  @usableFromInline package var kLow, kHigh, weightOffset: UnsafePointer<Int>
  /// Weight transform G, points x 3, in double.
  @usableFromInline package var g: UnsafePointer<Double>
  @usableFromInline package var packed: MutableFloatPointer
  @inlinable package init(
    weights: FloatPointer, inputChannels: Int, kernel: Int, tileSize: Int, phases: Int, phaseChannels: Int,
    input: UnsafePointer<Int32>, added: UnsafePointer<Int32>, output: UnsafePointer<Int32>, blockVectors: Int,
    weightRows: Int, kLow: UnsafePointer<Int>, kHigh: UnsafePointer<Int>, weightOffset: UnsafePointer<Int>,
    g: UnsafePointer<Double>, packed: MutableFloatPointer
  ) {
    (self.weights, self.inputChannels, self.kernel, self.tileSize) = (weights, inputChannels, kernel, tileSize)
    (self.phases, self.phaseChannels, self.input, self.added) = (phases, phaseChannels, input, added)
    (self.output, self.blockVectors, self.weightRows) = (output, blockVectors, weightRows)
    (self.kLow, self.kHigh, self.weightOffset, self.g, self.packed) = (kLow, kHigh, weightOffset, g, packed)
  }

  /// Tap (y, x) of packed input channel k for the packed output channel o, in double.
  @inlinable @inline(__always) package func tap(_ o: Int32, _ k: Int, _ t: Int) -> Double {
    let taps = kernel * kernel
    let row = weights + Int(o) * inputChannels * taps
    var value = 0.0
    if input[k] >= 0 { value = Double(row[Int(input[k]) * taps + t]) }
    if added[k] >= 0 { value += Double(row[Int(added[k]) * taps + t]) }
    return value
  }
}

/// U = G g G^T of one vector of output channels, rounded once from double.
///
/// Vector `vector` counts over all column blocks. `scratch` holds 33 vectors of doubles.
@inlinable @inline(__always)
package func packWinograd<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<PackParameters>, vector: Int, scratch: UnsafeMutablePointer<V.Wide>
) {
  let q = p.pointee, W = V.width
  let points = winogradPoints(tileSize: q.tileSize)
  let block = vector / q.blockVectors, half = vector % q.blockVectors
  let n = q.blockVectors * W
  let t = scratch, line = scratch + 9
  let g = q.g
  @inline(__always) func dot(_ a: V.Wide, _ b: V.Wide, _ c: V.Wide, _ row: UnsafePointer<Double>) -> V.Wide {
    var r = V.Wide(repeating: 0)
    for l in 0..<W { r[l] = a[l] * row[0] + b[l] * row[1] + c[l] * row[2] }
    return r
  }
  for phase in 0..<q.phases {
    // Rows and columns of the phases as WinogradTiling.sourceOffsets orders them; odd phases have two taps.
    let py = q.phases == 1 ? 0 : phase >> 1, px = phase == 1 || phase == 2 ? 0 : 1
    for c in 0..<q.phaseChannels {
      for i in 0..<9 { t[i] = V.Wide(repeating: 0) }
      for l in 0..<W {
        let o = q.output[vector * W + l]
        if o < 0 { continue }
        for y in 0..<3 {
          for x in 0..<3 {
            if q.phases == 1 {
              t[y * 3 + x][l] = q.tap(o, c, y * 3 + x)
            } else {
              let yy = 2 * y + py, xx = 2 * x + px
              if yy < 5 && xx < 5 { t[y * 3 + x][l] = q.tap(o, c, yy * 5 + xx) }
            }
          }
        }
      }
      for i in 0..<points {
        for x in 0..<3 { line[i * 3 + x] = dot(t[x], t[3 + x], t[6 + x], g + i * 3) }
      }
      let k = phase * q.phaseChannels + c
      for i in 0..<points {
        for j in 0..<points {
          let point = i * points + j
          if k < q.kLow[point] || k >= q.kHigh[point] { continue }
          let u = dot(line[i * 3], line[i * 3 + 1], line[i * 3 + 2], g + j * 3)
          store(
            q.packed + (block * q.weightRows + q.weightOffset[point] + k - q.kLow[point]) * n + half * W,
            V(narrowing: u))
        }
      }
    }
  }
}
