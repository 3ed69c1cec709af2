// SPDX-License-Identifier: Apache-2.0
import CLiaeIntrinsics

extension TapParameters {
  /// Taps of one axis and where the taps of a channel begin, for each phase.
  @inlinable @inline(__always) func shape(_ phase: Int) -> (rows: Int, columns: Int, start: Int) {
    if phases == 1 { return (3, 3, 0) }
    switch phase {
    case 0: return (3, 2, 0)
    case 1: return (3, 3, 6)
    case 2: return (2, 3, 15)
    default: return (2, 2, 21)
    }
  }
  /// Taps of one channel, all phases.
  @inlinable @inline(__always) package var tapCount: Int { phases == 1 ? 9 : 25 }

  /// Elements from the beginning to the taps of packed channel `k` of a column block.
  @inlinable @inline(__always) package func offset(width: Int, block: Int, k: Int) -> Int {
    let phase = k / phaseChannels, shape = shape(phase)
    let taps =
      (block * tapCount + shape.start) * phaseChannels + (k - phase * phaseChannels) * shape.rows * shape.columns
    return taps * blockVectors * width
  }
}

/// The taps of one channel as floats, 3x3 with zeros where the phase has none; those that stand `folded` bytes on added.
@inlinable @inline(__always)
func gather<V: Lanes>(
  _: V.Type, _ source: UnsafeRawPointer, _ folded: Int, _ rows: Int, _ columns: Int, _ n: Int, _ element: Int,
  _ g: MutableFloatPointer
) {
  @inline(__always) func run<E: StoredWeight>(_: E.Type) {
    // Rows of a phase with all taps follow one another.
    let lines = columns == 3 ? 1 : rows, length = columns == 3 ? rows * 3 * n : columns * n
    for y in 0..<lines {
      let s = source + y * length * E.size
      for i in stride(from: 0, to: length, by: V.width) {
        var v: V = E.load(s + i * E.size)
        if folded != 0 { v = v + E.load(s + i * E.size + folded) }
        store(g + y * 3 * n + i, v)
      }
    }
  }
  switch element {
  case WeightElement.float16: run(Float16Weight.self)
  case WeightElement.bfloat16: run(BFloat16Weight.self)
  default: run(Float32Weight.self)
  }
}

/// U of one channel. With a number of points that the compiler knows, lines are unrolled.
@inlinable @inline(__always)
func transform<V: Lanes>(
  _: V.Type, points: Int, _ g: FloatPointer, _ n: Int, _ factors: FloatPointer, _ offsets: UnsafePointer<Int>,
  _ u: MutableFloatPointer, _ lines: MutableFloatPointer
) {
  let W = V.width, pairs = (points - 2) / 2
  for half in stride(from: 0, to: n, by: W) {
    let s = g + half
    for x in 0..<3 {
      let g0: V = load(s + x * n), g1: V = load(s + (3 + x) * n), g2: V = load(s + (6 + x) * n)
      let d = lines + x * W
      store(d, g0 * V(repeating: factors[0]))
      for pair in 0..<pairs {
        let f = factors + 1 + 3 * pair
        let t = V.mulAdd(g0 * V(repeating: f[0]), g2, V(repeating: f[2])), v = g1 * V(repeating: f[1])
        store(d + (1 + 2 * pair) * 3 * W, t + v)
        store(d + (2 + 2 * pair) * 3 * W, t - v)
      }
      store(d + (points - 1) * 3 * W, g2)
    }
    let out = u + half
    for i in 0..<points {
      let line = lines + i * 3 * W, to = offsets + i * points
      if to[0] < 0 { continue }
      let g0: V = load(line), g1: V = load(line + W), g2: V = load(line + 2 * W)
      store(out + to[0], g0 * V(repeating: factors[0]))
      for pair in 0..<pairs {
        let f = factors + 1 + 3 * pair
        let t = V.mulAdd(g0 * V(repeating: f[0]), g2, V(repeating: f[2])), v = g1 * V(repeating: f[1])
        store(out + to[1 + 2 * pair], t + v)
        store(out + to[2 + 2 * pair], t - v)
      }
      if to[points - 1] >= 0 { store(out + to[points - 1], g2) }
    }
  }
}

/// U = G g G^T of the packed channels from..<from + count, all of one phase, of one column block, from taps as they are
/// stored.
///
/// - offsets: for each point where U of the first channel goes, floats from `u`, or -1 where the phase has no tap for the
///   point; U of the next channel follows.
/// Numerics: float32; taps are widened first, so that a result does not depend on how they are stored.
@inlinable @inline(__always)
package func winogradWeights<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<TapParameters>, block: Int, from: Int, count: Int, offsets: UnsafePointer<Int>,
  u: MutableFloatPointer, scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width, n = q.blockVectors * W
  let shape = q.shape(from / q.phaseChannels)
  let taps = shape.rows * shape.columns
  let start = q.offset(width: W, block: block, k: from)
  let size = q.element == WeightElement.float32 ? 4 : 2
  var source = q.taps + start * size
  let folded = from < q.foldedChannels ? q.foldedChannels * taps * n * size : 0
  // Nine taps, gathered where they are not floats that can be read in place; then lines of G g.
  let gathered = scratch, lines = scratch + 9 * n
  let inPlace = q.element == WeightElement.float32 && folded == 0 && taps == 9
  if !inPlace { for i in 0..<9 * q.blockVectors { store(gathered + i * W, V(repeating: 0)) } }
  let factors = q.factors, points = q.points
  for k in 0..<count {
    // Taps come from memory: those of the channel after the next are drawn near.
    for i in stride(from: 2 * taps * n * size, to: 3 * taps * n * size, by: 64) { liae_prefetch_l1(source + i) }
    var g = source.assumingMemoryBound(to: Float.self)
    if !inPlace {
      gather(V.self, source, folded, shape.rows, shape.columns, n, q.element, gathered)
      g = FloatPointer(gathered)
    }
    source += taps * n * size
    switch points {
    case 4: transform(V.self, points: 4, g, n, factors, offsets, u + k * n, lines)
    case 6: transform(V.self, points: 6, g, n, factors, offsets, u + k * n, lines)
    case 8: transform(V.self, points: 8, g, n, factors, offsets, u + k * n, lines)
    default: transform(V.self, points: points, g, n, factors, offsets, u + k * n, lines)
    }
  }
}
