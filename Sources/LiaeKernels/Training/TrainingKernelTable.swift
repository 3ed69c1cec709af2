// SPDX-License-Identifier: Apache-2.0

/// The kernels of training at one instruction set. Apart from `KernelTable`, so that a library without training links
/// none of them. What each does stands at the functions of this folder.
package struct TrainingKernelTable: Sendable {
  package let width: Int
  package typealias Scratch = MutableFloatPointer
  package typealias Tiles = UnsafePointer<TrainingTiles>
  package let windowsToPoints: @Sendable (TrainingTile, Tiles, _ from: Int, _ to: Int, Scratch) -> Void
  package let pointsToWindows:
    @Sendable (TrainingTile, Tiles, _ from: Int, _ to: Int, _ c0: Int, _ c1: Int, Scratch) -> Void
  package let pointsToPixels:
    @Sendable (TrainingTile, Tiles, UnsafePointer<TrainingEpilogue>, _ from: Int, _ to: Int, Scratch) -> Void
  package let pixelsToPoints:
    @Sendable (
      TrainingTile, Tiles, _ y: FloatPointer, _ slope: Float, _ bias: MutableFloatPointer, _ from: Int, _ to: Int,
      Scratch
    ) -> Void
  package let tapsToPoints:
    @Sendable (
      TrainingTile, UnsafePointer<FloatPointer?>, _ count: Int, _ u: MutableFloatPointer, _ point: Int, Scratch
    ) -> Void
  package let pointsToTaps:
    @Sendable (
      TrainingTile, _ u: FloatPointer, _ point: Int, _ count: Int, UnsafePointer<MutableFloatPointer?>, Scratch
    ) -> Void
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

  package init(
    width: Int,
    windowsToPoints: @escaping @Sendable (TrainingTile, Tiles, Int, Int, Scratch) -> Void,
    pointsToWindows: @escaping @Sendable (TrainingTile, Tiles, Int, Int, Int, Int, Scratch) -> Void,
    pointsToPixels:
      @escaping @Sendable (TrainingTile, Tiles, UnsafePointer<TrainingEpilogue>, Int, Int, Scratch) -> Void,
    pixelsToPoints:
      @escaping @Sendable (
        TrainingTile, Tiles, FloatPointer, Float, MutableFloatPointer, Int, Int, Scratch
      ) -> Void,
    tapsToPoints:
      @escaping @Sendable (
        TrainingTile, UnsafePointer<FloatPointer?>, Int, MutableFloatPointer, Int, Scratch
      ) -> Void,
    pointsToTaps:
      @escaping @Sendable (
        TrainingTile, FloatPointer, Int, Int, UnsafePointer<MutableFloatPointer?>, Scratch
      ) -> Void,
    leakyBack: @escaping @Sendable (MutableFloatPointer, FloatPointer, Float, Int) -> Void,
    cosine: @escaping @Sendable (FloatPointer, MutableFloatPointer, Int) -> Void,
    cosineBack: @escaping @Sendable (FloatPointer, FloatPointer, MutableFloatPointer, Int) -> Void,
    sigmoids: @escaping @Sendable (FloatPointer, MutableFloatPointer, Int) -> Void,
    sigmoidBack: @escaping @Sendable (MutableFloatPointer, FloatPointer, Int) -> Void,
    addScaled: @escaping @Sendable (FloatPointer, Float, MutableFloatPointer, Int) -> Void,
    columnSums: @escaping @Sendable (FloatPointer, Int, Int, MutableFloatPointer) -> Void,
    finishRows: @escaping @Sendable (UnsafePointer<TrainingEpilogue>, MutableFloatPointer, Int, Int) -> Void,
    squares: @escaping @Sendable (FloatPointer, Int, Scratch) -> Float
  ) {
    self.width = width
    (self.windowsToPoints, self.pointsToWindows) = (windowsToPoints, pointsToWindows)
    (self.pointsToPixels, self.pixelsToPoints) = (pointsToPixels, pixelsToPoints)
    (self.tapsToPoints, self.pointsToTaps) = (tapsToPoints, pointsToTaps)
    (self.leakyBack, self.cosine, self.cosineBack) = (leakyBack, cosine, cosineBack)
    (self.sigmoids, self.sigmoidBack, self.addScaled) = (sigmoids, sigmoidBack, addScaled)
    (self.columnSums, self.finishRows, self.squares) = (columnSums, finishRows, squares)
  }
}
