// SPDX-License-Identifier: Apache-2.0
import LiaeKernels

// One entry for each kernel, at the vector width of one instruction set. The modules LiaeKernelsBaseline, LiaeKernelsAVX2,
// LiaeKernelsAVX512 and LiaeKernelsNEON are this one file, to which all but the first hold a link, compiled once for each;
// the module's name tells their symbols apart.
//
// Nothing else may stand here: whatever is compiled in such a module uses its instruction set, and a generic
// specialisation that is shared would carry it into other modules. And one file each: with a second one the compiler gives
// these functions weak symbols.

#if LIAE_AVX512
  private typealias V = SIMD16<Float>
#elseif LIAE_AVX2 || LIAE_NEON
  // For NEON a vector is a pair of registers: its 32 of 128 bits hold as much as the 16 of AVX2.
  private typealias V = SIMD8<Float>
#else
  private typealias V = SIMD4<Float>
#endif

/// Returns the name of the instruction set that `LIAE_ISA` uses.
@inline(__always) private func isaName() -> StaticString {
  #if LIAE_AVX512
    "avx512"
  #elseif LIAE_AVX2
    "avx2"
  #elseif LIAE_NEON
    "neon"
  #else
    "baseline"
  #endif
}

@inline(never) private func winogradInput_f32(
  _ p: UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, _ v: UnsafeMutablePointer<Float>,
  _ scratch: UnsafeMutablePointer<Float>
) { winogradInput(V.self, BlockedChannels.self, p, block: block, from: from, to: to, v: v, scratch: scratch) }

@inline(never) private func winogradProduct_f32(
  _ p: UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, _ v: UnsafePointer<Float>,
  _ first: Int, _ m: UnsafeMutablePointer<Float>
) { winogradProduct(V.self, p, block: block, from: from, to: to, v: v, first: first, m: m) }

@inline(never) private func winogradOutput_f32(
  _ p: UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, _ m: UnsafePointer<Float>,
  _ scratch: UnsafeMutablePointer<Float>
) { winogradOutput(V.self, BlockedChannels.self, p, block: block, from: from, to: to, m: m, scratch: scratch) }

@inline(never) private func winogradMask_f32(
  _ p: UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, _ m: UnsafePointer<Float>,
  _ scratch: UnsafeMutablePointer<Float>
) { winogradMask(V.self, p, block: block, from: from, to: to, m: m, scratch: scratch) }

@inline(never) private func winogradWeights_f32(
  _ p: UnsafePointer<TapParameters>, _ block: Int, _ from: Int, _ count: Int, _ offsets: UnsafePointer<Int>,
  _ u: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
) { winogradWeights(V.self, p, block: block, from: from, count: count, offsets: offsets, u: u, scratch: scratch) }

@inline(never) private func direct_f32(
  _ p: UnsafePointer<DirectParameters>, _ block: Int, _ image: Int, _ y0: Int, _ y1: Int,
  _ scratch: UnsafeMutablePointer<Float>
) { direct(V.self, p, block: block, image: image, y0: y0, y1: y1, scratch: scratch) }

@inline(never) private func denseRows_f32(
  _ p: UnsafePointer<DenseRowsParameters>, _ from: Int, _ to: Int, _ scratch: UnsafeMutablePointer<Float>
) { denseRows(V.self, p, from: from, to: to, scratch: scratch) }

@inline(never) private func denseColumns_f32(_ p: UnsafePointer<DenseColumnsParameters>, _ from: Int, _ to: Int) {
  denseColumns(V.self, p, from: from, to: to)
}

@inline(never) private func flatten_f32(
  _ source: ActivationView, _ image: Int, _ blocks: Int, _ side: Int, _ out: UnsafeMutablePointer<Float>,
  _ scratch: UnsafeMutablePointer<Float>
) -> Float { flatten(V.self, source: source, image: image, blocks: blocks, side: side, into: out, scratch: scratch) }

@inline(never) private func mixCodes_f32(
  _ ab: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ t: Float, _ first: UnsafeMutablePointer<Float>,
  _ second: UnsafeMutablePointer<Float>, _ count: Int
) { mixCodes(V.self, ab: ab, b: b, t: t, first: first, second: second, count: count) }

@inline(never) private func squareSums_f32(
  _ source: UnsafePointer<Float>, _ row: Int, _ columns: Int, _ rows: Int, _ sums: UnsafeMutablePointer<Float>
) { squareSums(V.self, source, row: row, columns: columns, rows: rows, sums: sums) }

@inline(never) private func scaleAndThreshold_f32(
  _ pixels: UnsafeMutablePointer<Float>, _ row: Int, _ columns: Int, _ rows: Int, _ factors: UnsafePointer<Float>
) { scaleAndThreshold(V.self, pixels, row: row, columns: columns, rows: rows, factors: factors) }

@inline(never) private func blurPool_f32(
  _ source: UnsafePointer<Float>, _ sourceRow: Int, _ target: UnsafeMutablePointer<Float>, _ targetRow: Int,
  _ columns: Int, _ rows: Int, _ taps: UnsafePointer<Float>, _ size: Int
) {
  blurPool(
    V.self, source: source, sourceRow: sourceRow, target: target, targetRow: targetRow, columns: columns, rows: rows,
    taps: taps, size: size)
}

@inline(never) private func headOutput_f32(
  _ p: UnsafePointer<HeadParameters>, _ image: Int, _ y0: Int, _ y1: Int, _ scratch: UnsafeMutablePointer<Float>
) { headOutput(V.self, p, image: image, y0: y0, y1: y1, scratch: scratch) }

@inline(never) private func maskHead_f32(
  _ p: UnsafePointer<MaskHeadParameters>, _ image: Int, _ y0: Int, _ y1: Int, _ scratch: UnsafeMutablePointer<Float>
) { maskHead(V.self, p, image: image, y0: y0, y1: y1, scratch: scratch) }

@inline(never) private func peak_f32(_ rounds: Int, _ scratch: UnsafeMutablePointer<Float>) {
  peak(V.self, rounds: rounds, scratch: scratch)
}

/// The kernels of running a network. Call it only where the processor and the operating system have the instruction set.
package func kernelTable() -> KernelTable {
  KernelTable(
    isa: isaName(), width: V.width, winogradInput: winogradInput_f32, winogradProduct: winogradProduct_f32,
    winogradOutput: winogradOutput_f32, winogradMask: winogradMask_f32, winogradWeights: winogradWeights_f32,
    direct: direct_f32,
    denseRows: denseRows_f32, denseColumns: denseColumns_f32, flatten: flatten_f32, mixCodes: mixCodes_f32,
    squareSums: squareSums_f32, scaleAndThreshold: scaleAndThreshold_f32, blurPool: blurPool_f32,
    headOutput: headOutput_f32, maskHead: maskHead_f32, peak: peak_f32)
}

// MARK: - Training

private typealias Winograd = UnsafePointer<WinogradParameters>
private typealias Taps = UnsafePointer<TrainedTaps>

@inline(never) private func trainedInput_f32(
  _ p: Winograd, _ block: Int, _ from: Int, _ to: Int, _ v: MutableFloatPointer, _ s: MutableFloatPointer
) { winogradInput(V.self, ChannelsLast.self, p, block: block, from: from, to: to, v: v, scratch: s) }

@inline(never) private func trainedOutput_f32(
  _ p: Winograd, _ block: Int, _ from: Int, _ to: Int, _ m: FloatPointer, _ s: MutableFloatPointer
) { winogradOutput(V.self, ChannelsLast.self, p, block: block, from: from, to: to, m: m, scratch: s) }

@inline(never) private func trainedWeights_f32(
  _ p: Taps, _ phase: Int, _ block: Int, _ from: Int, _ count: Int, _ offsets: UnsafePointer<Int>,
  _ u: MutableFloatPointer, _ s: MutableFloatPointer
) {
  trainedWeights(V.self, p, phase: phase, block: block, from: from, count: count, offsets: offsets, u: u, scratch: s)
}

@inline(never) private func winogradOutputBack_f32(
  _ p: Winograd, _ block: Int, _ from: Int, _ to: Int, _ y: FloatPointer, _ slope: Float, _ sums: MutableFloatPointer,
  _ m: MutableFloatPointer, _ s: MutableFloatPointer
) {
  winogradOutputBack(V.self, p, block: block, from: from, to: to, y: y, slope: slope, sums: sums, m: m, scratch: s)
}

@inline(never) private func winogradProductBack_f32(
  _ p: Winograd, _ from: Int, _ count: Int, _ rows: Int, _ v: FloatPointer, _ m: FloatPointer,
  _ u: MutableFloatPointer, _ pointStride: Int, _ accumulate: Bool
) {
  winogradProductBack(
    V.self, p, from: from, count: count, rows: rows, v: v, m: m, u: u, pointStride: pointStride, accumulate: accumulate)
}

@inline(never) private func trainedWeightsBack_f32(
  _ p: Taps, _ phase: Int, _ block: Int, _ from: Int, _ count: Int, _ u: FloatPointer, _ pointStride: Int,
  _ gradient: MutableFloatPointer, _ isAdding: Bool, _ s: MutableFloatPointer
) {
  trainedWeightsBack(
    V.self, p, phase: phase, block: block, from: from, count: count, u: u, pointStride: pointStride, gradient: gradient,
    isAdding: isAdding, scratch: s)
}

@inline(never) private func matrixProduct_f32(
  _ p: UnsafePointer<MatrixProduct>, _ from: Int, _ to: Int, _ s: MutableFloatPointer
) { matrixProduct(V.self, p, from: from, to: to, scratch: s) }

@inline(never) private func update_f32(_ rule: UpdateRule, _ p: UpdatedWeights, _ scale: Float, _ count: Int) {
  update(V.self, rule, p, scale: scale, count: count)
}

@inline(never) private func squareSum_f32(_ x: FloatPointer, _ count: Int) -> Double {
  squareSum(V.self, x, count: count)
}

@inline(never) private func leakyBack_f32(
  _ d: MutableFloatPointer, _ y: FloatPointer, _ slope: Float, _ count: Int
) { leakyBack(V.self, d: d, y: y, slope: slope, count: count) }

@inline(never) private func cosine_f32(_ x: FloatPointer, _ y: MutableFloatPointer, _ count: Int) {
  cosine(V.self, x: x, y: y, count: count)
}

@inline(never) private func cosineBack_f32(
  _ x: FloatPointer, _ dy: FloatPointer, _ dx: MutableFloatPointer, _ count: Int
) { cosineBack(V.self, x: x, dy: dy, dx: dx, count: count) }

@inline(never) private func sigmoids_f32(_ x: FloatPointer, _ y: MutableFloatPointer, _ count: Int) {
  sigmoids(V.self, x: x, y: y, count: count)
}

@inline(never) private func sigmoidBack_f32(_ d: MutableFloatPointer, _ y: FloatPointer, _ count: Int) {
  sigmoidBack(V.self, d: d, y: y, count: count)
}

@inline(never) private func addScaled_f32(_ x: FloatPointer, _ k: Float, _ y: MutableFloatPointer, _ count: Int) {
  addScaled(V.self, x: x, k: k, y: y, count: count)
}

@inline(never) private func columnSums_f32(
  _ x: FloatPointer, _ rows: Int, _ columns: Int, _ sums: MutableFloatPointer
) { columnSums(V.self, x: x, rows: rows, columns: columns, sums: sums) }

@inline(never) private func finishRows_f32(
  _ e: UnsafePointer<TrainingEpilogue>, _ y: MutableFloatPointer, _ rows: Int, _ columns: Int
) { finishRows(V.self, e, y: y, rows: rows, columns: columns) }

@inline(never) private func squares_f32(_ x: FloatPointer, _ count: Int, _ s: MutableFloatPointer) -> Float {
  squares(V.self, x: x, count: count, scratch: s)
}

@inline(never) private func channelSquares_f32(
  _ x: FloatPointer, _ count: Int, _ period: Int, _ sums: UnsafeMutablePointer<Double>
) { channelSquares(V.self, x: x, count: count, period: period, sums: sums) }

@inline(never) private func channelNorm_f32(
  _ x: FloatPointer, _ y: MutableFloatPointer, _ count: Int, _ period: Int, _ factors: FloatPointer
) { channelNorm(V.self, x: x, y: y, count: count, period: period, factors: factors) }

@inline(never) private func channelNormSums_f32(
  _ x: FloatPointer, _ dy: FloatPointer, _ count: Int, _ period: Int, _ factors: FloatPointer,
  _ sums: MutableFloatPointer
) { channelNormSums(V.self, x: x, dy: dy, count: count, period: period, factors: factors, sums: sums) }

@inline(never) private func channelNormBack_f32(
  _ x: FloatPointer, _ dy: FloatPointer, _ dx: MutableFloatPointer, _ count: Int, _ period: Int,
  _ factors: FloatPointer, _ isAdding: Bool
) {
  channelNormBack(V.self, x: x, dy: dy, dx: dx, count: count, period: period, factors: factors, isAdding: isAdding)
}

/// The kernels of training. Call it only where `kernelTable` may be called.
package func trainingKernelTable() -> TrainingKernelTable {
  TrainingKernelTable(
    width: V.width, winogradInput: trainedInput_f32, winogradProduct: winogradProduct_f32,
    winogradOutput: trainedOutput_f32, trainedWeights: trainedWeights_f32, winogradOutputBack: winogradOutputBack_f32,
    winogradProductBack: winogradProductBack_f32, trainedWeightsBack: trainedWeightsBack_f32,
    matrixProduct: matrixProduct_f32, update: update_f32, squareSum: squareSum_f32, leakyBack: leakyBack_f32,
    cosine: cosine_f32,
    cosineBack: cosineBack_f32,
    sigmoids: sigmoids_f32, sigmoidBack: sigmoidBack_f32, addScaled: addScaled_f32, columnSums: columnSums_f32,
    finishRows: finishRows_f32, squares: squares_f32, channelSquares: channelSquares_f32,
    channelNorm: channelNorm_f32, channelNormSums: channelNormSums_f32, channelNormBack: channelNormBack_f32)
}
