// SPDX-License-Identifier: Apache-2.0

/// The kernels of training at one instruction set. Apart from `KernelTable`, so that a library without training links
/// none of them. What each does stands at the functions of this folder.
package struct TrainingKernelTable: Sendable {
  package let width: Int
  package typealias Scratch = MutableFloatPointer
  package typealias Winograd = UnsafePointer<WinogradParameters>
  package typealias Taps = UnsafePointer<TrainedTaps>
  package let winogradInput:
    @Sendable (Winograd, _ block: Int, _ from: Int, _ to: Int, MutableFloatPointer, Scratch) -> Void
  package let winogradProduct:
    @Sendable (
      Winograd, _ block: Int, _ from: Int, _ to: Int, _ v: FloatPointer, _ first: Int, _ m: MutableFloatPointer
    ) -> Void
  package let winogradOutput: @Sendable (Winograd, _ block: Int, _ from: Int, _ to: Int, FloatPointer, Scratch) -> Void
  package let trainedWeights:
    @Sendable (
      Taps, _ phase: Int, _ block: Int, _ from: Int, _ count: Int, _ offsets: UnsafePointer<Int>,
      _ u: MutableFloatPointer, Scratch
    ) -> Void
  package let winogradOutputBack:
    @Sendable (
      Winograd, _ block: Int, _ from: Int, _ to: Int, _ y: FloatPointer, _ slope: Float, _ sums: MutableFloatPointer,
      _ m: MutableFloatPointer, Scratch
    ) -> Void
  package let winogradProductBack:
    @Sendable (
      Winograd, _ from: Int, _ count: Int, _ rows: Int, _ v: FloatPointer, _ m: FloatPointer, _ u: MutableFloatPointer,
      _ pointStride: Int, _ accumulate: Bool
    ) -> Void
  package let trainedWeightsBack:
    @Sendable (
      Taps, _ phase: Int, _ block: Int, _ from: Int, _ count: Int, _ u: FloatPointer, _ pointStride: Int,
      _ gradient: MutableFloatPointer, _ isAdding: Bool, Scratch
    ) -> Void
  package let matrixProduct: @Sendable (UnsafePointer<MatrixProduct>, _ from: Int, _ to: Int, Scratch) -> Void
  package let update: @Sendable (UpdateRule, UpdatedWeights, _ scale: Float, _ count: Int) -> Void
  package let squareSum: @Sendable (_ x: FloatPointer, _ count: Int) -> Double
  package let leakyBack: @Sendable (_ d: MutableFloatPointer, _ y: FloatPointer, _ slope: Float, _ count: Int) -> Void
  package let cosine: @Sendable (_ x: FloatPointer, _ y: MutableFloatPointer, _ count: Int) -> Void
  package let cosineBack:
    @Sendable (_ x: FloatPointer, _ dy: FloatPointer, _ dx: MutableFloatPointer, _ count: Int) -> Void
  package let sigmoids: @Sendable (_ x: FloatPointer, _ y: MutableFloatPointer, _ count: Int) -> Void
  package let sigmoidBack: @Sendable (_ d: MutableFloatPointer, _ y: FloatPointer, _ count: Int) -> Void
  package let addScaled: @Sendable (_ x: FloatPointer, _ k: Float, _ y: MutableFloatPointer, _ count: Int) -> Void
  package let columnSums:
    @Sendable (_ x: FloatPointer, _ rows: Int, _ columns: Int, _ sums: MutableFloatPointer) -> Void
  package let finishRows:
    @Sendable (UnsafePointer<TrainingEpilogue>, _ y: MutableFloatPointer, _ rows: Int, _ columns: Int) -> Void
  package let squares: @Sendable (_ x: FloatPointer, _ count: Int, Scratch) -> Float
  package let channelSquares:
    @Sendable (_ x: FloatPointer, _ count: Int, _ period: Int, _ sums: UnsafeMutablePointer<Double>) -> Void
  package let channelNorm:
    @Sendable (_ x: FloatPointer, _ y: MutableFloatPointer, _ count: Int, _ period: Int, _ factors: FloatPointer) ->
      Void
  package let channelNormSums:
    @Sendable (
      _ x: FloatPointer, _ dy: FloatPointer, _ count: Int, _ period: Int, _ factors: FloatPointer,
      _ sums: MutableFloatPointer
    ) -> Void
  package let channelNormBack:
    @Sendable (
      _ x: FloatPointer, _ dy: FloatPointer, _ dx: MutableFloatPointer, _ count: Int, _ period: Int,
      _ factors: FloatPointer, _ isAdding: Bool
    ) -> Void

  package init(
    width: Int,
    winogradInput: @escaping @Sendable (Winograd, Int, Int, Int, MutableFloatPointer, Scratch) -> Void,
    winogradProduct: @escaping @Sendable (Winograd, Int, Int, Int, FloatPointer, Int, MutableFloatPointer) -> Void,
    winogradOutput: @escaping @Sendable (Winograd, Int, Int, Int, FloatPointer, Scratch) -> Void,
    trainedWeights:
      @escaping @Sendable (Taps, Int, Int, Int, Int, UnsafePointer<Int>, MutableFloatPointer, Scratch) -> Void,
    winogradOutputBack:
      @escaping @Sendable (
        Winograd, Int, Int, Int, FloatPointer, Float, MutableFloatPointer, MutableFloatPointer, Scratch
      ) -> Void,
    winogradProductBack:
      @escaping @Sendable (
        Winograd, Int, Int, Int, FloatPointer, FloatPointer, MutableFloatPointer, Int, Bool
      ) -> Void,
    trainedWeightsBack:
      @escaping @Sendable (
        Taps, Int, Int, Int, Int, FloatPointer, Int, MutableFloatPointer, Bool, Scratch
      ) -> Void,
    matrixProduct: @escaping @Sendable (UnsafePointer<MatrixProduct>, Int, Int, Scratch) -> Void,
    update: @escaping @Sendable (UpdateRule, UpdatedWeights, Float, Int) -> Void,
    squareSum: @escaping @Sendable (FloatPointer, Int) -> Double,
    leakyBack: @escaping @Sendable (MutableFloatPointer, FloatPointer, Float, Int) -> Void,
    cosine: @escaping @Sendable (FloatPointer, MutableFloatPointer, Int) -> Void,
    cosineBack: @escaping @Sendable (FloatPointer, FloatPointer, MutableFloatPointer, Int) -> Void,
    sigmoids: @escaping @Sendable (FloatPointer, MutableFloatPointer, Int) -> Void,
    sigmoidBack: @escaping @Sendable (MutableFloatPointer, FloatPointer, Int) -> Void,
    addScaled: @escaping @Sendable (FloatPointer, Float, MutableFloatPointer, Int) -> Void,
    columnSums: @escaping @Sendable (FloatPointer, Int, Int, MutableFloatPointer) -> Void,
    finishRows: @escaping @Sendable (UnsafePointer<TrainingEpilogue>, MutableFloatPointer, Int, Int) -> Void,
    squares: @escaping @Sendable (FloatPointer, Int, Scratch) -> Float,
    channelSquares: @escaping @Sendable (FloatPointer, Int, Int, UnsafeMutablePointer<Double>) -> Void,
    channelNorm: @escaping @Sendable (FloatPointer, MutableFloatPointer, Int, Int, FloatPointer) -> Void,
    channelNormSums:
      @escaping @Sendable (FloatPointer, FloatPointer, Int, Int, FloatPointer, MutableFloatPointer) -> Void,
    channelNormBack:
      @escaping @Sendable (FloatPointer, FloatPointer, MutableFloatPointer, Int, Int, FloatPointer, Bool) -> Void
  ) {
    self.width = width
    (self.winogradInput, self.winogradProduct, self.winogradOutput) = (winogradInput, winogradProduct, winogradOutput)
    (self.trainedWeights, self.trainedWeightsBack) = (trainedWeights, trainedWeightsBack)
    (self.winogradOutputBack, self.winogradProductBack) = (winogradOutputBack, winogradProductBack)
    (self.matrixProduct, self.update, self.squareSum) = (matrixProduct, update, squareSum)
    (self.leakyBack, self.cosine, self.cosineBack) = (leakyBack, cosine, cosineBack)
    (self.sigmoids, self.sigmoidBack, self.addScaled) = (sigmoids, sigmoidBack, addScaled)
    (self.columnSums, self.finishRows, self.squares) = (columnSums, finishRows, squares)
    (self.channelSquares, self.channelNorm) = (channelSquares, channelNorm)
    (self.channelNormSums, self.channelNormBack) = (channelNormSums, channelNormBack)
  }
}
