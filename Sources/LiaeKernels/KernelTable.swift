// SPDX-License-Identifier: Apache-2.0

/// The kernels of one instruction set. One instance for each, in a module that is compiled for it.
///
/// Slots are plain functions over raw pointers: they capture nothing, allocate nothing and have no error path.
package struct KernelTable: Sendable {
  /// `avx512`, `avx2`, `neon` or `baseline`, as `LIAE_ISA` names them.
  package let isa: StaticString
  /// Floats of a vector, W.
  package let width: Int

  package typealias Scratch = MutableFloatPointer
  package let winogradInput:
    @Sendable (UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, MutableFloatPointer, Scratch) ->
      Void
  package let winogradProduct:
    @Sendable (
      UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, _ v: FloatPointer, _ first: Int,
      _ m: MutableFloatPointer
    ) -> Void
  package let winogradOutput:
    @Sendable (UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, FloatPointer, Scratch) -> Void
  package let winogradMask:
    @Sendable (UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, FloatPointer, Scratch) -> Void
  /// `offsets` and `u` as `winogradWeights` has them.
  package let winogradWeights:
    @Sendable (
      UnsafePointer<TapParameters>, _ block: Int, _ from: Int, _ count: Int, _ offsets: UnsafePointer<Int>,
      _ u: MutableFloatPointer, Scratch
    ) -> Void
  package let direct:
    @Sendable (UnsafePointer<DirectParameters>, _ block: Int, _ image: Int, _ y0: Int, _ y1: Int, Scratch) -> Void
  package let denseRows: @Sendable (UnsafePointer<DenseRowsParameters>, _ from: Int, _ to: Int, Scratch) -> Void
  package let denseColumns: @Sendable (UnsafePointer<DenseColumnsParameters>, _ from: Int, _ to: Int) -> Void
  package let flatten:
    @Sendable (ActivationView, _ image: Int, _ blocks: Int, _ side: Int, _ out: MutableFloatPointer, Scratch) -> Float
  package let mixCodes:
    @Sendable (
      _ ab: FloatPointer, _ b: FloatPointer, _ t: Float, _ first: MutableFloatPointer, _ second: MutableFloatPointer,
      _ count: Int
    ) -> Void
  package let squareSums:
    @Sendable (FloatPointer, _ row: Int, _ columns: Int, _ rows: Int, _ sums: MutableFloatPointer) -> Void
  package let scaleAndThreshold:
    @Sendable (MutableFloatPointer, _ row: Int, _ columns: Int, _ rows: Int, _ factors: FloatPointer) -> Void
  package let blurPool:
    @Sendable (
      _ source: FloatPointer, _ sourceRow: Int, _ target: MutableFloatPointer, _ targetRow: Int, _ columns: Int,
      _ rows: Int, _ taps: FloatPointer, _ size: Int
    ) -> Void
  package let headOutput: @Sendable (UnsafePointer<HeadParameters>, _ image: Int, _ y0: Int, _ y1: Int, Scratch) -> Void
  package let maskHead:
    @Sendable (UnsafePointer<MaskHeadParameters>, _ image: Int, _ y0: Int, _ y1: Int, Scratch) -> Void
  /// Multiplications in registers alone: `peakVectors` vectors a round.
  package let peak: @Sendable (_ rounds: Int, Scratch) -> Void

  package init(
    isa: StaticString, width: Int,
    winogradInput:
      @escaping @Sendable (UnsafePointer<WinogradParameters>, Int, Int, Int, MutableFloatPointer, Scratch) -> Void,
    winogradProduct:
      @escaping @Sendable (UnsafePointer<WinogradParameters>, Int, Int, Int, FloatPointer, Int, MutableFloatPointer) ->
      Void,
    winogradOutput:
      @escaping @Sendable (UnsafePointer<WinogradParameters>, Int, Int, Int, FloatPointer, Scratch) -> Void,
    winogradMask:
      @escaping @Sendable (UnsafePointer<WinogradParameters>, Int, Int, Int, FloatPointer, Scratch) -> Void,
    winogradWeights:
      @escaping @Sendable (
        UnsafePointer<TapParameters>, Int, Int, Int, UnsafePointer<Int>, MutableFloatPointer, Scratch
      ) -> Void,
    direct: @escaping @Sendable (UnsafePointer<DirectParameters>, Int, Int, Int, Int, Scratch) -> Void,
    denseRows: @escaping @Sendable (UnsafePointer<DenseRowsParameters>, Int, Int, Scratch) -> Void,
    denseColumns: @escaping @Sendable (UnsafePointer<DenseColumnsParameters>, Int, Int) -> Void,
    flatten: @escaping @Sendable (ActivationView, Int, Int, Int, MutableFloatPointer, Scratch) -> Float,
    mixCodes:
      @escaping @Sendable (FloatPointer, FloatPointer, Float, MutableFloatPointer, MutableFloatPointer, Int) -> Void,
    squareSums: @escaping @Sendable (FloatPointer, Int, Int, Int, MutableFloatPointer) -> Void,
    scaleAndThreshold: @escaping @Sendable (MutableFloatPointer, Int, Int, Int, FloatPointer) -> Void,
    blurPool:
      @escaping @Sendable (FloatPointer, Int, MutableFloatPointer, Int, Int, Int, FloatPointer, Int) -> Void,
    headOutput: @escaping @Sendable (UnsafePointer<HeadParameters>, Int, Int, Int, Scratch) -> Void,
    maskHead: @escaping @Sendable (UnsafePointer<MaskHeadParameters>, Int, Int, Int, Scratch) -> Void,
    peak: @escaping @Sendable (Int, Scratch) -> Void
  ) {
    (self.isa, self.width) = (isa, width)
    (self.winogradInput, self.winogradProduct, self.winogradOutput) = (winogradInput, winogradProduct, winogradOutput)
    (self.winogradMask, self.winogradWeights) = (winogradMask, winogradWeights)
    (self.direct, self.denseRows, self.denseColumns) = (direct, denseRows, denseColumns)
    (self.flatten, self.mixCodes, self.headOutput, self.maskHead) = (flatten, mixCodes, headOutput, maskHead)
    (self.squareSums, self.scaleAndThreshold, self.blurPool) = (squareSums, scaleAndThreshold, blurPool)
    self.peak = peak
  }
}
