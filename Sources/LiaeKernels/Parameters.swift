// SPDX-License-Identifier: Apache-2.0

// Parameter blocks of the kernels. They hold raw pointers and counts; the caller has checked every size. How pixels stand
// in memory is a `PixelLayout`; pointers point at pixel (0, 0).

/// The address and strides of an activation. Strides in floats.
@usableFromInline package struct ActivationView {
  @usableFromInline package var origin: MutableFloatPointer
  /// Stride from one row of pixels to the next.
  @usableFromInline package var row: Int
  /// Stride from one block of W channels to the next.
  @usableFromInline package var plane: Int
  /// Stride from one image to the next.
  @usableFromInline package var image: Int
  /// Stride from one pixel to the next in a layout that does not fix it.
  @usableFromInline package var pixel: Int
  @inlinable package init(origin: MutableFloatPointer, row: Int, plane: Int, image: Int, pixel: Int = 0) {
    (self.origin, self.row, self.plane, self.image, self.pixel) = (origin, row, plane, image, pixel)
  }
}

/// The layout of pixels and their channels in memory. Kernels are generic over it, so that each layout is compiled by
/// itself.
@usableFromInline package protocol PixelLayout {
  /// Floats from one pixel to the next.
  static func pixel<V: Lanes>(_: V.Type, _ view: ActivationView) -> Int
  /// True if pictures have no border, so that windows leave them, and channels may end within a vector.
  static var isRagged: Bool { get }
}

/// [image][channel / W][y][x][W] with a border of two zero pixels and zeros for the channels that are missing: what a
/// network is run on.
@usableFromInline package enum BlockedChannels: PixelLayout {
  @inlinable @inline(__always) package static func pixel<V: Lanes>(_: V.Type, _ view: ActivationView) -> Int { V.width }
  @inlinable @inline(__always) package static var isRagged: Bool { false }
}

/// [image][y][x][channel] without a border: what a network is trained on. Windows that leave the picture are read through
/// `WinogradParameters.clips`; of vectors `lanes` channels are read and written, and a residual stands as the target does.
@usableFromInline package enum ChannelsLast: PixelLayout {
  @inlinable @inline(__always) package static func pixel<V: Lanes>(_: V.Type, _ view: ActivationView) -> Int {
    view.pixel
  }
  @inlinable @inline(__always) package static var isRagged: Bool { true }
}

/// Describes where a convolution writes its results, and what is done to them before: residual, bias, activation function.
@usableFromInline package struct ConvolutionOutput {
  @usableFromInline package var target: ActivationView
  /// Pixels between neighbouring outputs: 1, or 2 with depth-to-space.
  @usableFromInline package var stride: Int
  /// The offset of each vector of output channels from the origin: its plane, and the pixel of depth-to-space.
  @usableFromInline package var offsets: UnsafePointer<Int>
  /// Vectors of output channels that are stored.
  @usableFromInline package var vectors: Int
  /// The number of channels that each of them has in a ragged layout.
  @usableFromInline package var lanes: UnsafePointer<Int>
  /// The activation that is added before the activation function where it is not nil; W channels a plane, as the
  /// outputs before depth-to-space.
  @usableFromInline package var residual: ActivationView?
  @usableFromInline package var bias: FloatPointer
  /// `ActivationKind`.
  @usableFromInline package var activation: Int
  @usableFromInline package var slope: Float
  /// A 1x1 convolution to one channel behind depth-to-space, for `winogradMask`: the weights of the vectors of a pixel, and its
  /// bias behind them. The target is the mask then, of one float a pixel.
  @usableFromInline package var head: FloatPointer?
  @inlinable package init(
    target: ActivationView, stride: Int, offsets: UnsafePointer<Int>, vectors: Int, residual: ActivationView?,
    bias: FloatPointer, activation: Int, slope: Float
  ) {
    (self.target, self.stride, self.offsets, self.vectors, lanes) = (target, stride, offsets, vectors, offsets)
    (self.residual, self.bias, self.activation, self.slope) = (residual, bias, activation, slope)
  }
}

/// One Winograd tile, as offsets in floats from the origins of source, residual and target.
@usableFromInline package struct Tile {
  @usableFromInline package var source, residual, target: Int
  /// First rows and columns of outputs that another tile makes: where tiles do not divide the side, the last one is moved
  /// back over its neighbour.
  @usableFromInline package var skippedRows, skippedColumns: Int
  @inlinable package init(source: Int, residual: Int, target: Int, skippedRows: Int, skippedColumns: Int) {
    (self.source, self.residual, self.target) = (source, residual, target)
    (self.skippedRows, self.skippedColumns) = (skippedRows, skippedColumns)
  }
}

/// The part of a tile's window that lies in the picture, rows and columns of the window.
@usableFromInline package struct Clip {
  @usableFromInline package var firstRow, endRow, firstColumn, endColumn: Int32
  /// True if some of the window lies outside.
  @usableFromInline package var isCut: Bool
  @inlinable package init(rows: Range<Int>, columns: Range<Int>, isCut: Bool) {
    (firstRow, endRow) = (Int32(rows.lowerBound), Int32(rows.upperBound))
    (firstColumn, endColumn) = (Int32(columns.lowerBound), Int32(columns.upperBound))
    self.isCut = isCut
  }
}

/// A 3x3 stride 1 convolution, or a 5x5 stride 2 one as a 3x3 over four phases, by Winograd.
@usableFromInline package struct WinogradParameters {
  /// The side m of the largest output tile of F(m, 3): 6 (tiles of 6 and of 4 on one set of points), 4 or 2.
  @usableFromInline package var tileSize = 0
  @usableFromInline package var source: ActivationView
  /// Pixels of the source between neighbours of a window: 1, or 2 where windows are read from every second pixel of every
  /// second row, a phase.
  @usableFromInline package var sourceStride = 1
  /// The offset of each block of W summed channels from the source's origin: its plane, and the first pixel of its
  /// phase.
  @usableFromInline package var sourceOffsets: UnsafePointer<Int>
  /// The number of channels that each of them has in a ragged layout.
  @usableFromInline package var sourceLanes: UnsafePointer<Int>
  /// The part of each tile's window that lies in the picture, in a ragged layout.
  @usableFromInline package var clips: UnsafePointer<Clip>?
  @usableFromInline package var output: ConvolutionOutput
  @usableFromInline package var tiles: UnsafePointer<Tile>
  /// Tiles sorted by (rows, columns): (6,4) up to kind1, (6,6) up to kind2, (4,6) up to kind3, (4,4) up to tileCount;
  /// any pair of points is then used by one range of tiles.
  @usableFromInline package var kind1 = 0, kind2 = 0, kind3 = 0, tileCount = 0
  /// Tiles, the first ones, of which only the first half of the channels is computed with; the caller of kernels sees to it.
  @usableFromInline package var halfTiles = 0
  /// Transformed inputs V are [point][channel / W][row][W]: rows of one block, and floats of one point.
  @usableFromInline package var inputRows = 0, inputPlane = 0
  /// Products M are [point][row][vectors * W]: floats of one point.
  @usableFromInline package var productPlane = 0
  /// Transformed weights U are [column block][point][k][vectors * W].
  @usableFromInline package var weights: FloatPointer
  /// Rows k of one column block, all points.
  @usableFromInline package var weightRows = 0
  /// Vectors of a column block, 1 or 2.
  @usableFromInline package var blockVectors = 2
  /// The range of k and the offset of the weights of each point: the range of k that is not zero, and where its rows
  /// begin within a column block.
  @usableFromInline package var kLow, kHigh, weightOffset: UnsafePointer<Int>
  /// W / 2, see PanelProduct.
  @usableFromInline package var halfWidth = 0
  /// True if the products are added to what M holds, as those of a later range of k are.
  @usableFromInline package var accumulates = false
  /// Memory that is drawn into L2 in place of the next points' weights: the taps of which the next U is made.
  @usableFromInline package var ahead: FloatPointer
  @usableFromInline package var aheadFloats = 0

  @inlinable package init(
    source: ActivationView, sourceOffsets: UnsafePointer<Int>, output: ConvolutionOutput, tiles: UnsafePointer<Tile>,
    weights: FloatPointer, kLow: UnsafePointer<Int>, kHigh: UnsafePointer<Int>, weightOffset: UnsafePointer<Int>
  ) {
    (self.source, self.output, self.tiles, self.weights) = (source, output, tiles, weights)
    (self.sourceOffsets, sourceLanes) = (sourceOffsets, sourceOffsets)
    (self.kLow, self.kHigh, self.weightOffset, ahead) = (kLow, kHigh, weightOffset, weights)
  }
}

/// The storage of a convolution's weights that are transformed when they are used.
@usableFromInline package struct TapParameters {
  /// [column block][phase][channel][taps of the phase][vectors * W]: 3x3 taps of one phase, or the 3x2, 3x3, 2x3 and 2x2
  /// taps of the four of a 5x5 kernel.
  @usableFromInline package var taps: UnsafeRawPointer
  /// `WeightElement`.
  @usableFromInline package var element = 0
  @usableFromInline package var phases = 1
  @usableFromInline package var phaseChannels = 0
  /// Channels below it are the sum of their own taps and those that stand `foldedChannels` channels on; 0 for none.
  @usableFromInline package var foldedChannels = 0
  @usableFromInline package var blockVectors = 2
  /// Points of one axis.
  @usableFromInline package var points = 0
  /// The weight transform G of one axis: the factor of g0 at point 0; for each pair of points +p, -p the factors a, b, c
  /// of a g0 +- b g1 + c g2. The point at infinity is g2.
  @usableFromInline package var factors: FloatPointer
  @inlinable package init(taps: UnsafeRawPointer, factors: FloatPointer) {
    (self.taps, self.factors) = (taps, factors)
  }
}

/// Scalars that stand next to each other in the source: a block of channels of one tap.
@usableFromInline package struct SourceSpan {
  /// Floats from the pixel's origin.
  @usableFromInline package var offset: Int
  @usableFromInline package var length: Int
  @inlinable package init(offset: Int, length: Int) { (self.offset, self.length) = (offset, length) }
}

/// A convolution by its plain sum: any kernel, stride and padding.
@usableFromInline package struct DirectParameters {
  @usableFromInline package var source: ActivationView
  /// Floats from the input of one output pixel to that of the next.
  @usableFromInline package var sourceStride = 0
  /// Floats from the input of one output row to that of the next.
  @usableFromInline package var sourceRowStride = 0
  @usableFromInline package var spans: UnsafePointer<SourceSpan>
  @usableFromInline package var spanCount = 0
  @usableFromInline package var output: ConvolutionOutput
  /// Output side, pixels.
  @usableFromInline package var side = 0
  /// [column block][k][vectors * W], k in the order of the spans.
  @usableFromInline package var weights: FloatPointer
  @usableFromInline package var weightRows = 0
  @usableFromInline package var blockVectors = 2
  @inlinable package init(
    source: ActivationView, spans: UnsafePointer<SourceSpan>, output: ConvolutionOutput, weights: FloatPointer
  ) {
    (self.source, self.spans, self.output, self.weights) = (source, spans, output, weights)
  }
}
