// SPDX-License-Identifier: Apache-2.0
import LiaeKernels

/// The kernels of a convolution by Winograd, of one layout of pixels.
package struct WinogradKernels: Sendable {
  package typealias Parameters = UnsafePointer<WinogradParameters>
  package typealias Floats = UnsafeMutablePointer<Float>
  let input: @Sendable (Parameters, _ block: Int, _ from: Int, _ to: Int, Floats, Floats) -> Void
  let product:
    @Sendable (Parameters, _ block: Int, _ from: Int, _ to: Int, UnsafePointer<Float>, _ first: Int, Floats) -> Void
  let output: @Sendable (Parameters, _ block: Int, _ from: Int, _ to: Int, UnsafePointer<Float>, Floats) -> Void

  /// The slots of that name of a `KernelTable` or `TrainingKernelTable`.
  package init(
    input: @escaping @Sendable (Parameters, Int, Int, Int, Floats, Floats) -> Void,
    product: @escaping @Sendable (Parameters, Int, Int, Int, UnsafePointer<Float>, Int, Floats) -> Void,
    output: @escaping @Sendable (Parameters, Int, Int, Int, UnsafePointer<Float>, Floats) -> Void
  ) {
    (self.input, self.product, self.output) = (input, product, output)
  }
}

/// Weights that are stored as taps, of which U is made while a convolution runs.
package protocol WinogradWeights: AnyObject {
  /// Makes U of a piece of summed channels for a block of output channels.
  func make(
    _ piece: Int, block: Int, into u: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>)
  /// What the piece that follows is made of, to be drawn near while the products of this one are made; nil: nothing is.
  func following(_ piece: Int, block: Int) -> (start: UnsafePointer<Float>, floats: Int)?
}

/// A convolution by Winograd as tasks of two parallel regions: what a `WinogradScheme` means. Running and training walk it.
///
/// Shared inputs: V of all tiles is made in the first region; a task of the second is a block of output channels, whose U
/// is read, or made, once. Private inputs: U is made in the first region where weights are stored as taps; a task of the
/// second is a block of tiles, which it takes through all channels.
package struct WinogradRun {
  /// Memory of a task.
  package struct Memory {
    let v, u, m, scratch: UnsafeMutablePointer<Float>

    /// - Parameters:
    ///   - v: `inputFloats`, of all workers where inputs are shared, else of the task's own.
    ///   - u: `weightFloats`, of all workers where inputs are private, else of its own.
    ///   - m: `productFloats` of its own.
    ///   - scratch: of its kernels.
    package init(
      v: UnsafeMutablePointer<Float>, u: UnsafeMutablePointer<Float>, m: UnsafeMutablePointer<Float>,
      scratch: UnsafeMutablePointer<Float>
    ) {
      (self.v, self.u, self.m, self.scratch) = (v, u, m, scratch)
    }
  }

  package let scheme: WinogradScheme
  private let kernels: WinogradKernels
  /// The pieces in which U is made where weights are stored as taps; else nil.
  private let pieces: WinogradPieces?
  /// The halves of a code of which some tiles have the first alone; nil: all tiles have all channels.
  private let halves: WinogradHalves?
  private let tiles, inputBlocks, columnBlocks: Int
  /// Floats of a row of U or M.
  private let row: Int
  private let width: Int
  /// Parts into which the transform of a block of inputs is cut.
  private let parts: Int

  package let inputFloats, productFloats, weightFloats: Int

  /// - Parameters:
  ///   - points: of one axis.
  ///   - inputBlocks: blocks of W summed channels.
  ///   - columnBlocks: blocks of output channels, of `row` floats each.
  ///   - pieces: nil where weights are stored transformed.
  package init(
    _ scheme: WinogradScheme, kernels: WinogradKernels, points: Int, tiles: Int, inputBlocks: Int, columnBlocks: Int,
    row: Int, width: Int, pieces: WinogradPieces?, halves: WinogradHalves? = nil
  ) {
    (self.scheme, self.kernels, self.pieces, self.halves) = (scheme, kernels, pieces, halves)
    self.tiles = tiles
    (self.inputBlocks, self.columnBlocks, self.row, self.width) = (inputBlocks, columnBlocks, row, width)
    parts = Self.parts(tiles)
    inputFloats = points * points * scheme.inputPlane
    productFloats = points * points * scheme.productPlane
    // The kernels load one pair of vectors past the end.
    weightFloats = pieces.map { $0.rows * row * (scheme.isShared ? 1 : columnBlocks) + 4 * width } ?? 0
  }

  /// Parts into which a transform of tiles is cut.
  package static func parts(_ tiles: Int) -> Int { max(1, min(16, tiles / 16)) }

  /// The tiles of one part.
  package static func part(_ index: Int, of parts: Int, _ tiles: Range<Int>) -> Range<Int> {
    tiles.lowerBound + index * tiles.count / parts..<tiles.lowerBound + (index + 1) * tiles.count / parts
  }

  // MARK: - First region

  /// 0 where there is nothing to do.
  package var preparingTasks: Int {
    scheme.isShared ? inputBlocks * parts : columnBlocks * (pieces?.ranges.count ?? 0)
  }

  package func prepare(
    _ index: Int, _ parameters: UnsafePointer<WinogradParameters>, _ weights: (any WinogradWeights)?, _ memory: Memory
  ) {
    if scheme.isShared {
      let part = Self.part(index / inputBlocks, of: parts, 0..<tiles)
      transform(index % inputBlocks, part, parameters, first: 0, memory)
    } else if let pieces, let weights {
      let block = index / pieces.ranges.count
      weights.make(
        index % pieces.ranges.count, block: block, into: memory.u + block * pieces.rows * row, scratch: memory.scratch)
    }
  }

  // MARK: - Second region

  package var multiplyingTasks: Int {
    scheme.isShared ? columnBlocks * (pieces == nil ? scheme.rowBlocks : 1) : scheme.rowBlocks
  }

  package func multiply(
    _ index: Int, _ parameters: UnsafePointer<WinogradParameters>, _ weights: (any WinogradWeights)?, _ memory: Memory
  ) {
    if !scheme.isShared {
      let from = index * scheme.rowBlock, to = min(from + scheme.rowBlock, tiles)
      var local = parameters.pointee
      if pieces != nil { local.weights = UnsafePointer(memory.u) }
      for block in 0..<inputBlocks { transform(block, from..<to, parameters, first: from, memory) }
      for block in 0..<columnBlocks {
        products(&local, block, from, to, first: from, memory)
        kernels.output(parameters, block, from, to, memory.m, memory.scratch)
      }
    } else if let pieces, let weights {
      columnBlock(index, pieces, weights, parameters, memory)
    } else {
      let block = index / scheme.rowBlocks, from = index % scheme.rowBlocks * scheme.rowBlock
      let to = min(from + scheme.rowBlock, tiles)
      products(parameters, block, from, to, first: 0, memory)
      kernels.output(parameters, block, from, to, memory.m, memory.scratch)
    }
  }

  /// The first tile that has the packed channels from `channel` on.
  private func wholeTiles(from channel: Int, _ parameters: UnsafePointer<WinogradParameters>) -> Int {
    halves.map { channel < $0.channels ? 0 : parameters.pointee.halfTiles } ?? 0
  }

  /// V of a block of channels of the tiles that have it; row 0 of V is tile `first`.
  private func transform(
    _ block: Int, _ range: Range<Int>, _ parameters: UnsafePointer<WinogradParameters>, first: Int, _ memory: Memory
  ) {
    let from = max(range.lowerBound, wholeTiles(from: block * width, parameters))
    guard from < range.upperBound else { return }
    kernels.input(parameters, block, from, range.upperBound, memory.v + (from - first) * width, memory.scratch)
  }

  /// M of a block of output channels, with all channels of each tile; row 0 of V is tile `first`, of M tile `from`.
  private func products(
    _ parameters: UnsafePointer<WinogradParameters>, _ block: Int, _ from: Int, _ to: Int, first: Int, _ memory: Memory
  ) {
    let whole = max(from, parameters.pointee.halfTiles)
    guard let halves, whole > from else {
      kernels.product(parameters, block, from, to, memory.v, first, memory.m)
      return
    }
    var half = halves.first(parameters.pointee)
    kernels.product(&half, block, from, to, memory.v, first, memory.m)
    guard whole < to else { return }
    half = halves.second(parameters.pointee)
    kernels.product(&half, block, whole, to, memory.v, first, memory.m + (whole - from) * row)
  }

  /// A column block whose U is made here, with all tiles.
  private func columnBlock(
    _ block: Int, _ pieces: WinogradPieces, _ weights: any WinogradWeights,
    _ parameters: UnsafePointer<WinogradParameters>, _ memory: Memory
  ) {
    var local = parameters.pointee
    local.weights = UnsafePointer(memory.u)
    local.weightRows = pieces.rows
    if scheme.weights == .piece {
      // Each sum is taken in the order of k and in one float, so that it is the one of weights that are stored transformed.
      for piece in pieces.ranges.indices {
        weights.make(piece, block: block, into: memory.u, scratch: memory.scratch)
        (local.kLow, local.kHigh, local.weightOffset) = pieces.products(piece)
        local.accumulates = piece > 0
        let following = weights.following(piece, block: block)
        (local.ahead, local.aheadFloats) = (following?.start ?? local.weights, following?.floats ?? 0)
        let first = wholeTiles(from: pieces.ranges[piece].lowerBound, parameters)
        kernels.product(&local, 0, first, tiles, memory.v, 0, memory.m + first * row)
      }
      kernels.output(parameters, block, 0, tiles, memory.m, memory.scratch)
      return
    }
    for piece in pieces.ranges.indices {
      weights.make(piece, block: block, into: memory.u, scratch: memory.scratch)
    }
    for from in stride(from: 0, to: tiles, by: scheme.rowBlock) {
      let to = min(from + scheme.rowBlock, tiles)
      products(&local, 0, from, to, first: 0, memory)
      kernels.output(parameters, block, from, to, memory.m, memory.scratch)
    }
  }
}
