// SPDX-License-Identifier: Apache-2.0
import LiaeKernels

// One entry for each kernel at the width of AVX2 with FMA. Nothing else may stand here: whatever is compiled in this module
// uses the instruction set, and a shared generic specialisation would carry it into other modules.

private typealias V = SIMD8<Float>

@inline(never) private func winogradInput_f32_avx2(
  _ p: UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, _ v: UnsafeMutablePointer<Float>,
  _ scratch: UnsafeMutablePointer<Float>
) { winogradInput(V.self, p, block: block, from: from, to: to, v: v, scratch: scratch) }

@inline(never) private func winogradProduct_f32_avx2(
  _ p: UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, _ v: UnsafePointer<Float>,
  _ first: Int, _ m: UnsafeMutablePointer<Float>
) { winogradProduct(V.self, p, block: block, from: from, to: to, v: v, first: first, m: m) }

@inline(never) private func winogradOutput_f32_avx2(
  _ p: UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, _ m: UnsafePointer<Float>,
  _ scratch: UnsafeMutablePointer<Float>
) { winogradOutput(V.self, p, block: block, from: from, to: to, m: m, scratch: scratch) }

@inline(never) private func winogradWeights_f32_avx2(
  _ p: UnsafePointer<TapParameters>, _ block: Int, _ from: Int, _ count: Int, _ offsets: UnsafePointer<Int>,
  _ u: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
) { winogradWeights(V.self, p, block: block, from: from, count: count, offsets: offsets, u: u, scratch: scratch) }

@inline(never) private func direct_f32_avx2(
  _ p: UnsafePointer<DirectParameters>, _ block: Int, _ image: Int, _ y0: Int, _ y1: Int,
  _ scratch: UnsafeMutablePointer<Float>
) { direct(V.self, p, block: block, image: image, y0: y0, y1: y1, scratch: scratch) }

@inline(never) private func denseRows_f32_avx2(
  _ p: UnsafePointer<DenseRowsParameters>, _ from: Int, _ to: Int, _ scratch: UnsafeMutablePointer<Float>
) { denseRows(V.self, p, from: from, to: to, scratch: scratch) }

@inline(never) private func denseColumns_f32_avx2(_ p: UnsafePointer<DenseColumnsParameters>, _ from: Int, _ to: Int) {
  denseColumns(V.self, p, from: from, to: to)
}

@inline(never) private func flatten_f32_avx2(
  _ source: ActivationView, _ image: Int, _ blocks: Int, _ side: Int, _ out: UnsafeMutablePointer<Float>,
  _ scratch: UnsafeMutablePointer<Float>
) -> Float { flatten(V.self, source: source, image: image, blocks: blocks, side: side, into: out, scratch: scratch) }

@inline(never) private func mixCodes_f32_avx2(
  _ ab: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ t: Float, _ first: UnsafeMutablePointer<Float>,
  _ second: UnsafeMutablePointer<Float>, _ count: Int
) { mixCodes(V.self, ab: ab, b: b, t: t, first: first, second: second, count: count) }

@inline(never) private func headOutput_f32_avx2(
  _ p: UnsafePointer<HeadParameters>, _ image: Int, _ y0: Int, _ y1: Int, _ scratch: UnsafeMutablePointer<Float>
) { headOutput(V.self, p, image: image, y0: y0, y1: y1, scratch: scratch) }

@inline(never) private func packWinograd_f32_avx2(
  _ p: UnsafePointer<PackParameters>, _ vector: Int, _ scratch: UnsafeMutableRawPointer
) { packWinograd(V.self, p, vector: vector, scratch: scratch.assumingMemoryBound(to: V.Wide.self)) }

@inline(never) private func peak_f32_avx2(_ rounds: Int, _ scratch: UnsafeMutablePointer<Float>) {
  peak(V.self, rounds: rounds, scratch: scratch)
}

/// The table of AVX2 with FMA. Touch it only where the processor and the operating system have AVX2 with FMA.
package func kernelTable_avx2() -> KernelTable {
  KernelTable(
    isa: "avx2", width: V.width, winogradInput: winogradInput_f32_avx2, winogradProduct: winogradProduct_f32_avx2,
    winogradOutput: winogradOutput_f32_avx2, winogradWeights: winogradWeights_f32_avx2, direct: direct_f32_avx2,
    denseRows: denseRows_f32_avx2,
    denseColumns: denseColumns_f32_avx2, flatten: flatten_f32_avx2, mixCodes: mixCodes_f32_avx2,
    headOutput: headOutput_f32_avx2, packWinograd: packWinograd_f32_avx2,
    peak: peak_f32_avx2)
}

// Training. In this file too: with a second one, what the compiler specialises would be shared by name with other modules.

private typealias Tiles = UnsafePointer<TrainingTiles>

@inline(never) private func windowsToPoints_avx2(
  _ tile: TrainingTile, _ p: Tiles, _ from: Int, _ to: Int, _ s: MutableFloatPointer
) { windowsToPoints(V.self, tile, p, from: from, to: to, scratch: s) }

@inline(never) private func pointsToWindows_avx2(
  _ tile: TrainingTile, _ p: Tiles, _ from: Int, _ to: Int, _ c0: Int, _ c1: Int, _ s: MutableFloatPointer
) { pointsToWindows(V.self, tile, p, from: from, to: to, c0: c0, c1: c1, scratch: s) }

@inline(never) private func pointsToPixels_avx2(
  _ tile: TrainingTile, _ p: Tiles, _ e: UnsafePointer<TrainingEpilogue>, _ from: Int, _ to: Int,
  _ s: MutableFloatPointer
) { pointsToPixels(V.self, tile, p, e, from: from, to: to, scratch: s) }

@inline(never) private func pixelsToPoints_avx2(
  _ tile: TrainingTile, _ p: Tiles, _ y: FloatPointer, _ slope: Float, _ bias: MutableFloatPointer, _ from: Int,
  _ to: Int, _ s: MutableFloatPointer
) { pixelsToPoints(V.self, tile, p, y: y, slope: slope, bias: bias, from: from, to: to, scratch: s) }

@inline(never) private func tapsToPoints_avx2(
  _ tile: TrainingTile, _ taps: UnsafePointer<FloatPointer?>, _ count: Int, _ u: MutableFloatPointer, _ point: Int,
  _ s: MutableFloatPointer
) { tapsToPoints(V.self, tile, taps, count: count, points: u, point: point, scratch: s) }

@inline(never) private func pointsToTaps_avx2(
  _ tile: TrainingTile, _ u: FloatPointer, _ point: Int, _ count: Int, _ taps: UnsafePointer<MutableFloatPointer?>,
  _ s: MutableFloatPointer
) { pointsToTaps(V.self, tile, points: u, point: point, count: count, taps, scratch: s) }

@inline(never) private func leakyBack_avx2(
  _ d: MutableFloatPointer, _ y: FloatPointer, _ slope: Float, _ count: Int
) { leakyBack(V.self, d: d, y: y, slope: slope, count: count) }

@inline(never) private func cosine_avx2(_ x: FloatPointer, _ y: MutableFloatPointer, _ count: Int) {
  cosine(V.self, x: x, y: y, count: count)
}

@inline(never) private func cosineBack_avx2(
  _ x: FloatPointer, _ dy: FloatPointer, _ dx: MutableFloatPointer, _ count: Int
) { cosineBack(V.self, x: x, dy: dy, dx: dx, count: count) }

@inline(never) private func sigmoids_avx2(_ x: FloatPointer, _ y: MutableFloatPointer, _ count: Int) {
  sigmoids(V.self, x: x, y: y, count: count)
}

@inline(never) private func sigmoidBack_avx2(_ d: MutableFloatPointer, _ y: FloatPointer, _ count: Int) {
  sigmoidBack(V.self, d: d, y: y, count: count)
}

@inline(never) private func addScaled_avx2(_ x: FloatPointer, _ k: Float, _ y: MutableFloatPointer, _ count: Int) {
  addScaled(V.self, x: x, k: k, y: y, count: count)
}

@inline(never) private func columnSums_avx2(
  _ x: FloatPointer, _ rows: Int, _ columns: Int, _ sums: MutableFloatPointer
) { columnSums(V.self, x: x, rows: rows, columns: columns, sums: sums) }

@inline(never) private func finishRows_avx2(
  _ e: UnsafePointer<TrainingEpilogue>, _ y: MutableFloatPointer, _ rows: Int, _ columns: Int
) { finishRows(V.self, e, y: y, rows: rows, columns: columns) }

@inline(never) private func squares_avx2(_ x: FloatPointer, _ count: Int, _ s: MutableFloatPointer) -> Float {
  squares(V.self, x: x, count: count, scratch: s)
}

/// The kernels of training. Touch it only where `kernelTable_avx2` may be touched.
package func trainingKernelTable_avx2() -> TrainingKernelTable {
  TrainingKernelTable(
    width: V.width, windowsToPoints: windowsToPoints_avx2, pointsToWindows: pointsToWindows_avx2,
    pointsToPixels: pointsToPixels_avx2, pixelsToPoints: pixelsToPoints_avx2, tapsToPoints: tapsToPoints_avx2,
    pointsToTaps: pointsToTaps_avx2, leakyBack: leakyBack_avx2, cosine: cosine_avx2, cosineBack: cosineBack_avx2,
    sigmoids: sigmoids_avx2, sigmoidBack: sigmoidBack_avx2, addScaled: addScaled_avx2, columnSums: columnSums_avx2,
    finishRows: finishRows_avx2, squares: squares_avx2)
}
