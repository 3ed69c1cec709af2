// SPDX-License-Identifier: Apache-2.0

/// Multiplies and adds in registers alone, `peakVectors` vectors a round: the most that the processor can do.
///
/// Eight chains a = a + x a that do not wait for each other hide the latency of two multipliers, and fit into 16
/// registers. The sum goes where one of its terms was, as arm64's instruction has it, which else needs a copy for each.
/// - Parameter scratch: 9 vectors of anything finite; the results, so that the work cannot be left out.
@inlinable @inline(__always)
package func peak<V: Lanes>(_: V.Type, rounds: Int, scratch: MutableFloatPointer) {
  let W = V.width, x: V = load(scratch + 8 * W)
  var a0: V = load(scratch), a1: V = load(scratch + W), a2: V = load(scratch + 2 * W), a3: V = load(scratch + 3 * W)
  var a4: V = load(scratch + 4 * W), a5: V = load(scratch + 5 * W), a6: V = load(scratch + 6 * W)
  var a7: V = load(scratch + 7 * W)
  for _ in 0..<rounds {
    a0 = V.mulAdd(a0, a0, x)
    a1 = V.mulAdd(a1, a1, x)
    a2 = V.mulAdd(a2, a2, x)
    a3 = V.mulAdd(a3, a3, x)
    a4 = V.mulAdd(a4, a4, x)
    a5 = V.mulAdd(a5, a5, x)
    a6 = V.mulAdd(a6, a6, x)
    a7 = V.mulAdd(a7, a7, x)
  }
  store(scratch, a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7)
}

/// Vectors that a round of `peak` multiplies.
@inlinable package var peakVectors: Int { 8 }
