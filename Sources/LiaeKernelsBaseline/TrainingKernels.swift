// SPDX-License-Identifier: Apache-2.0
import LiaeKernels

// The kernels of training, under the rule of Kernels.swift.

private typealias V = SIMD4<Float>
private typealias Tiles = UnsafePointer<TrainingTiles>

@inline(never) private func windowsToPoints_baseline(
  _ tile: TrainingTile, _ p: Tiles, _ from: Int, _ to: Int, _ s: MutableFloatPointer
) { windowsToPoints(V.self, tile, p, from: from, to: to, scratch: s) }

@inline(never) private func pointsToWindows_baseline(
  _ tile: TrainingTile, _ p: Tiles, _ from: Int, _ to: Int, _ c0: Int, _ c1: Int, _ s: MutableFloatPointer
) { pointsToWindows(V.self, tile, p, from: from, to: to, c0: c0, c1: c1, scratch: s) }

@inline(never) private func pointsToPixels_baseline(
  _ tile: TrainingTile, _ p: Tiles, _ e: UnsafePointer<TrainingEpilogue>, _ from: Int, _ to: Int,
  _ s: MutableFloatPointer
) { pointsToPixels(V.self, tile, p, e, from: from, to: to, scratch: s) }

@inline(never) private func pixelsToPoints_baseline(
  _ tile: TrainingTile, _ p: Tiles, _ y: FloatPointer, _ slope: Float, _ bias: MutableFloatPointer, _ from: Int,
  _ to: Int, _ s: MutableFloatPointer
) { pixelsToPoints(V.self, tile, p, y: y, slope: slope, bias: bias, from: from, to: to, scratch: s) }

@inline(never) private func tapsToPoints_baseline(
  _ tile: TrainingTile, _ taps: UnsafePointer<FloatPointer?>, _ count: Int, _ u: MutableFloatPointer, _ point: Int,
  _ s: MutableFloatPointer
) { tapsToPoints(V.self, tile, taps, count: count, points: u, point: point, scratch: s) }

@inline(never) private func pointsToTaps_baseline(
  _ tile: TrainingTile, _ u: FloatPointer, _ point: Int, _ count: Int, _ taps: UnsafePointer<MutableFloatPointer?>,
  _ s: MutableFloatPointer
) { pointsToTaps(V.self, tile, points: u, point: point, count: count, taps, scratch: s) }

@inline(never) private func leakyBack_baseline(
  _ d: MutableFloatPointer, _ y: FloatPointer, _ slope: Float, _ count: Int
) { leakyBack(V.self, d: d, y: y, slope: slope, count: count) }

@inline(never) private func cosine_baseline(_ x: FloatPointer, _ y: MutableFloatPointer, _ count: Int) {
  cosine(V.self, x: x, y: y, count: count)
}

@inline(never) private func cosineBack_baseline(
  _ x: FloatPointer, _ dy: FloatPointer, _ dx: MutableFloatPointer, _ count: Int
) { cosineBack(V.self, x: x, dy: dy, dx: dx, count: count) }

@inline(never) private func sigmoids_baseline(_ x: FloatPointer, _ y: MutableFloatPointer, _ count: Int) {
  sigmoids(V.self, x: x, y: y, count: count)
}

@inline(never) private func sigmoidBack_baseline(_ d: MutableFloatPointer, _ y: FloatPointer, _ count: Int) {
  sigmoidBack(V.self, d: d, y: y, count: count)
}

@inline(never) private func addScaled_baseline(_ x: FloatPointer, _ k: Float, _ y: MutableFloatPointer, _ count: Int) {
  addScaled(V.self, x: x, k: k, y: y, count: count)
}

@inline(never) private func columnSums_baseline(
  _ x: FloatPointer, _ rows: Int, _ columns: Int, _ sums: MutableFloatPointer
) { columnSums(V.self, x: x, rows: rows, columns: columns, sums: sums) }

@inline(never) private func finishRows_baseline(
  _ e: UnsafePointer<TrainingEpilogue>, _ y: MutableFloatPointer, _ rows: Int, _ columns: Int
) { finishRows(V.self, e, y: y, rows: rows, columns: columns) }

@inline(never) private func squares_baseline(_ x: FloatPointer, _ count: Int, _ s: MutableFloatPointer) -> Float {
  squares(V.self, x: x, count: count, scratch: s)
}

/// The kernels of training. Touch it only where `kernelTable_baseline` may be touched.
package func trainingKernelTable_baseline() -> TrainingKernelTable {
  TrainingKernelTable(
    width: V.width, windowsToPoints: windowsToPoints_baseline, pointsToWindows: pointsToWindows_baseline,
    pointsToPixels: pointsToPixels_baseline, pixelsToPoints: pixelsToPoints_baseline,
    tapsToPoints: tapsToPoints_baseline,
    pointsToTaps: pointsToTaps_baseline, leakyBack: leakyBack_baseline, cosine: cosine_baseline,
    cosineBack: cosineBack_baseline,
    sigmoids: sigmoids_baseline, sigmoidBack: sigmoidBack_baseline, addScaled: addScaled_baseline,
    columnSums: columnSums_baseline,
    finishRows: finishRows_baseline, squares: squares_baseline)
}
