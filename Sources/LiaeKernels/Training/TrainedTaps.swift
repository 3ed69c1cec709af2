// SPDX-License-Identifier: Apache-2.0
import CLiaeIntrinsics

/// The weights of a trained convolution as those of a 3x3 convolution between phases: the four of a stride of 2 and the
/// four of a depth-to-space.
///
/// A row is a summed channel, a lane an output channel. Forwards rows are inputs; for the derivative by the input the
/// kernel is turned and rows are outputs.
@usableFromInline package struct TrainedTaps {
  @usableFromInline package var weights: FloatPointer
  @usableFromInline package var layout: PanelLayout
  @usableFromInline package var isTurned: Bool
  /// The nine taps for each phase of rows and each phase of lanes; -1 where there is none.
  @usableFromInline package var taps: UnsafePointer<Int>
  /// Summed channels of a phase; rows that pad them to whole vectors are zeros.
  @usableFromInline package var rows: Int
  /// Phases of lanes.
  @usableFromInline package var lanePhases: Int
  /// The group of each phase, of the side that outputs are.
  @usableFromInline package var groups: UnsafePointer<Int>
  /// The phase of each vector of lanes, its first channel, and how many channels it has.
  @usableFromInline package var phases, channels, lanes: UnsafePointer<Int>
  @usableFromInline package var vectors: Int
  @usableFromInline package var blockVectors: Int
  /// 2 or 4, as `WinogradParameters.tileSize`.
  @usableFromInline package var tileSize: Int
  /// The factors, as `TapParameters.factors`.
  @usableFromInline package var factors: FloatPointer

  @inlinable package init(
    weights: FloatPointer, layout: PanelLayout, isTurned: Bool, taps: UnsafePointer<Int>, rows: Int,
    lanePhases: Int, groups: UnsafePointer<Int>, phases: UnsafePointer<Int>, channels: UnsafePointer<Int>,
    lanes: UnsafePointer<Int>,
    vectors: Int, blockVectors: Int, tileSize: Int, factors: FloatPointer
  ) {
    (self.weights, self.layout, self.isTurned, self.taps) = (weights, layout, isTurned, taps)
    (self.rows, self.lanePhases, self.groups) = (rows, lanePhases, groups)
    (self.phases, self.channels, self.lanes) = (phases, channels, lanes)
    (self.vectors, self.blockVectors, self.tileSize, self.factors) = (vectors, blockVectors, tileSize, factors)
  }

  /// The nine taps between a phase of rows and the lanes of a vector.
  @inlinable @inline(__always) func taps(_ phase: Int, _ vector: Int) -> UnsafePointer<Int> {
    taps + (phase * lanePhases + phases[vector]) * 9
  }
}

/// U = G g G^T of the rows from..<from + count of one phase, multiples of W but for the last, for one block of lanes.
///
/// `offsets` and `u` as `winogradWeights` has them. Reads up to a vector past the last weight.
@inlinable @inline(__always)
package func trainedWeights<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<TrainedTaps>, phase: Int, block: Int, from: Int, count: Int,
  offsets: UnsafePointer<Int>, u: MutableFloatPointer, scratch: MutableFloatPointer
) {
  let q = p.pointee, W = V.width, n = q.blockVectors * W, taps = q.layout.taps
  let gathered = scratch, lines = scratch + W * 9 * n
  let step = q.isTurned ? W : 1
  for row in stride(from: 0, to: count, by: step) {
    let rows = min(step, count - row)
    for half in 0..<q.blockVectors {
      let vector = block * q.blockVectors + half
      for i in 0..<9 {
        let d = gathered + i * n + half * W
        let tap = vector < q.vectors ? q.taps(phase, vector)[i] : -1
        if tap < 0 || from + row >= q.rows {
          for r in 0..<rows { store(d + r * 9 * n, V(repeating: 0)) }
        } else if q.isTurned {
          let (begin, width) = q.layout.begin(group: q.groups[phase], channel: from + row)
          let s = q.weights + begin + (q.channels[vector] * taps + tap) * width
          for lane in 0..<W { liae_prefetch_l1(s + W + lane * taps * width) }
          // Lanes past the last channel are of other weights, and are not stored.
          if q.lanes[vector] == W {
            V.transpose(s, taps * width, d, 9 * n)
          } else {
            for r in 0..<rows {
              store(d + r * 9 * n, V(repeating: 0))
              for lane in 0..<q.lanes[vector] { d[r * 9 * n + lane] = s[lane * taps * width + r] }
            }
          }
        } else {
          let (begin, width) = q.layout.begin(group: q.groups[q.phases[vector]], channel: q.channels[vector])
          // Weights come from memory, a line for every few instructions of the transform.
          let s = q.weights + begin + ((from + row) * taps + tap) * width
          liae_prefetch_l1(s + 6 * taps * width)
          store(d, load(s) as V)
        }
      }
    }
    for r in 0..<rows {
      let g = FloatPointer(gathered) + r * 9 * n, out = u + (row + r) * n
      switch q.tileSize {
      case 2: transform(V.self, points: 4, g, n, q.factors, offsets, out, lines)
      default: transform(V.self, points: 6, g, n, q.factors, offsets, out, lines)
      }
    }
  }
}

/// The derivative by the weights, G^T u G, of the rows from..<from + count of one phase for one block of lanes, not turned:
/// sets it at the places of `gradient`, which is laid out as the weights are, or adds it.
///
/// - count: no more than there are.
/// - u: [point][row][vectors * W], points `pointStride` floats apart.
@inlinable @inline(__always)
package func trainedWeightsBack<V: Lanes>(
  _: V.Type, _ p: UnsafePointer<TrainedTaps>, phase: Int, block: Int, from: Int, count: Int, u: FloatPointer,
  pointStride: Int, gradient: MutableFloatPointer, isAdding: Bool, scratch: MutableFloatPointer
) {
  switch p.pointee.tileSize {
  case 2: run(Axis2.self)
  default: run(Axis4.self)
  }
  @inline(__always) func run<A: TrainingAxis>(_: A.Type) {
    let q = p.pointee, W = V.width, n = q.blockVectors * W, points = A.inputs, layout = q.layout
    let window = scratch, lines = scratch + 16 * W
    for row in 0..<count {
      for half in 0..<q.blockVectors {
        let vector = block * q.blockVectors + half
        if vector >= q.vectors { break }
        let taps = q.taps(phase, vector), lanes = q.lanes[vector]
        let (begin, width) = layout.begin(group: q.groups[q.phases[vector]], channel: q.channels[vector])
        let s = u + row * n + half * W
        for j in 0..<points {
          A.tapsBack(V.self, s + j * pointStride, points * pointStride, lines + j * W, points * W)
        }
        let d = gradient + begin + (from + row) * layout.taps * width
        for i in 0..<3 {
          A.tapsBack(V.self, FloatPointer(lines + i * points * W), W, window, W)
          for j in 0..<3 where taps[i * 3 + j] >= 0 {
            let place = d + taps[i * 3 + j] * width
            let value: V = load(window + j * W)
            liae_prefetch_write(place + 6 * layout.taps * width)
            storePart(place, isAdding ? (load(place) as V) + value : value, lanes)
          }
        }
      }
    }
  }
}
