// SPDX-License-Identifier: Apache-2.0
import LiaeKernels

// One entry for each kernel at the width of the baseline. Nothing else may stand here: whatever is compiled in this module
// uses the instruction set, and a shared generic specialisation would carry it into other modules.

private typealias V = SIMD4<Float>

@inline(never) private func winogradInput_f32_baseline(
  _ p: UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, _ v: UnsafeMutablePointer<Float>,
  _ scratch: UnsafeMutablePointer<Float>
) { winogradInput(V.self, p, block: block, from: from, to: to, v: v, scratch: scratch) }

@inline(never) private func winogradProduct_f32_baseline(
  _ p: UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, _ v: UnsafePointer<Float>,
  _ first: Int, _ m: UnsafeMutablePointer<Float>
) { winogradProduct(V.self, p, block: block, from: from, to: to, v: v, first: first, m: m) }

@inline(never) private func winogradOutput_f32_baseline(
  _ p: UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, _ m: UnsafePointer<Float>,
  _ scratch: UnsafeMutablePointer<Float>
) { winogradOutput(V.self, p, block: block, from: from, to: to, m: m, scratch: scratch) }

@inline(never) private func winogradWeights_f32_baseline(
  _ p: UnsafePointer<TapParameters>, _ block: Int, _ from: Int, _ count: Int, _ offsets: UnsafePointer<Int>,
  _ u: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
) { winogradWeights(V.self, p, block: block, from: from, count: count, offsets: offsets, u: u, scratch: scratch) }

@inline(never) private func direct_f32_baseline(
  _ p: UnsafePointer<DirectParameters>, _ block: Int, _ image: Int, _ y0: Int, _ y1: Int,
  _ scratch: UnsafeMutablePointer<Float>
) { direct(V.self, p, block: block, image: image, y0: y0, y1: y1, scratch: scratch) }

@inline(never) private func denseRows_f32_baseline(
  _ p: UnsafePointer<DenseRowsParameters>, _ from: Int, _ to: Int, _ scratch: UnsafeMutablePointer<Float>
) { denseRows(V.self, p, from: from, to: to, scratch: scratch) }

@inline(never) private func denseColumns_f32_baseline(
  _ p: UnsafePointer<DenseColumnsParameters>, _ from: Int, _ to: Int
) {
  denseColumns(V.self, p, from: from, to: to)
}

@inline(never) private func flatten_f32_baseline(
  _ source: ActivationView, _ image: Int, _ blocks: Int, _ side: Int, _ out: UnsafeMutablePointer<Float>,
  _ scratch: UnsafeMutablePointer<Float>
) -> Float { flatten(V.self, source: source, image: image, blocks: blocks, side: side, into: out, scratch: scratch) }

@inline(never) private func mixCodes_f32_baseline(
  _ ab: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ t: Float, _ first: UnsafeMutablePointer<Float>,
  _ second: UnsafeMutablePointer<Float>, _ count: Int
) { mixCodes(V.self, ab: ab, b: b, t: t, first: first, second: second, count: count) }

@inline(never) private func headOutput_f32_baseline(
  _ p: UnsafePointer<HeadParameters>, _ image: Int, _ y0: Int, _ y1: Int, _ scratch: UnsafeMutablePointer<Float>
) { headOutput(V.self, p, image: image, y0: y0, y1: y1, scratch: scratch) }

@inline(never) private func packWinograd_f32_baseline(
  _ p: UnsafePointer<PackParameters>, _ vector: Int, _ scratch: UnsafeMutableRawPointer
) { packWinograd(V.self, p, vector: vector, scratch: scratch.assumingMemoryBound(to: V.Wide.self)) }

@inline(never) private func peak_f32_baseline(_ rounds: Int, _ scratch: UnsafeMutablePointer<Float>) {
  peak(V.self, rounds: rounds, scratch: scratch)
}

/// The table of the baseline. Touch it only where the processor and the operating system have the baseline.
package func kernelTable_baseline() -> KernelTable {
  KernelTable(
    isa: "baseline", width: V.width, winogradInput: winogradInput_f32_baseline,
    winogradProduct: winogradProduct_f32_baseline,
    winogradOutput: winogradOutput_f32_baseline, winogradWeights: winogradWeights_f32_baseline,
    direct: direct_f32_baseline, denseRows: denseRows_f32_baseline,
    denseColumns: denseColumns_f32_baseline, flatten: flatten_f32_baseline, mixCodes: mixCodes_f32_baseline,
    headOutput: headOutput_f32_baseline, packWinograd: packWinograd_f32_baseline,
    peak: peak_f32_baseline)
}
