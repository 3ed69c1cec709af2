// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernels

/// How a packed layer by Winograd runs on activations of some strides: its tiles, its tasks, the tables that kernels read.
/// They hold offsets and no addresses.
package final class PackedWinograd {
  /// One pass over `imagesOfPass` images; `parameters` has those of each.
  package let run: WinogradRun
  private let imagesOfPass: Int
  /// Makes U of weights that are stored as taps.
  package let weights: (any WinogradWeights)?
  private let packed: PackedConvolution
  private let tiles: WinogradTiles
  private let targetOffsets: Table<Int>
  /// For each block of input channels where it lies from the source's origin: phase by phase.
  private let sourceOffsets: Table<Int>
  /// For each point the last k that is read.
  private let kHigh: Table<Int>

  /// - Parameter workers: threads that will run it.
  package init(_ packed: PackedConvolution, _ b: ConvolutionBinding, workers: Int) {
    self.packed = packed
    let layer = packed.layer, width = packed.width, side = layer.outputSide, points = packed.points
    func pictures(_ view: ActivationView, pixel: Int? = nil, stride: Int) -> WinogradTiles.Pictures {
      WinogradTiles.Pictures(image: view.image, row: view.row, pixel: pixel ?? width, stride: stride)
    }
    func tiles(images: Int) -> WinogradTiles {
      WinogradTiles(
        tileSize: packed.tileSize, side: side, images: images, padding: layer.padding,
        source: pictures(b.source, stride: layer.stride),
        target: pictures(b.target, pixel: b.targetPixel(packed), stride: layer.depthToSpace ? 2 : 1),
        residual: pictures(b.residual ?? b.target, stride: 1))
    }

    let channels = b.readsHalf ? layer.inputChannels / 2 : packed.phaseChannels
    let summed = channels * packed.phases
    let inputBlocks = roundUp(summed, width) / width
    let perPhase = roundUp(channels, width) / width
    sourceOffsets = Table(
      (0..<inputBlocks).map { block in
        let place = WinogradPhases.place(block / perPhase, of: packed.phases)
        return block % perPhase * b.source.plane + place.row * b.source.row + place.column * width
      })
    func scheme(_ tiles: WinogradTiles) -> WinogradScheme {
      WinogradScheme(
        points: points, tiles: tiles.count, transformedPixels: tiles.transformedPixels, summed: summed,
        vectors: packed.vectors, blockVectors: packed.blockVectors, width: width, side: side,
        makesWeights: packed.stored != .transformed, workers: workers, sharesInputs: b.sharesInputs)
    }
    var (images, ofPass) = (b.images, tiles(images: b.images))
    if scheme(ofPass).isShared, packed.stored == .transformed {
      images = WinogradScheme.imagesOfPass(b.images, inputBytes: ofPass.transformedPixels * roundUp(summed, width) * 4)
      ofPass = tiles(images: images)
    }
    let scheme = scheme(ofPass)
    (self.tiles, imagesOfPass) = (ofPass, images)
    let transform = scheme.weights.map { WeightTransform(packed, channels: channels, scope: $0) }
    weights = transform
    run = WinogradRun(
      scheme,
      kernels: WinogradKernels(
        input: packed.kernels.winogradInput, product: packed.kernels.winogradProduct,
        output: b.head == nil ? packed.kernels.winogradOutput : packed.kernels.winogradMask),
      points: points, tiles: ofPass.count, inputBlocks: inputBlocks, columnBlocks: packed.columnBlocks,
      row: packed.blockVectors * width, width: width, pieces: transform?.pieces,
      halves: b.halfImages == 0 || b.readsHalf
        ? nil
        : WinogradHalves(
          channels: roundUp(layer.inputChannels / 2, width), points: points * points, weightOffset: packed.weightOffset)
    )
    targetOffsets = Table(b.targetOffsets(packed))
    kHigh = Table((0..<points * points).map { b.readsHalf ? min(channels, packed.kHigh[$0]) : packed.kHigh[$0] })
  }

  /// Returns the arguments of the kernels, for each pass, for memory that has the strides of `init`.
  package func parameters(_ b: ConvolutionBinding) -> [WinogradParameters] {
    stride(from: 0, to: b.images, by: imagesOfPass).map { first in
      var pass = b
      pass.source.origin += first * b.source.image
      pass.target.origin += first * b.target.image
      if let residual = b.residual { pass.residual?.origin += first * residual.image }
      var parameters = parameters(ofPass: pass)
      parameters.halfTiles = tiles.count(ofImages: min(max(0, b.halfImages - first), imagesOfPass))
      return parameters
    }
  }

  private func parameters(ofPass b: ConvolutionBinding) -> WinogradParameters {
    var p = WinogradParameters(
      source: b.source, sourceOffsets: UnsafePointer(sourceOffsets.pointer),
      output: b.output(packed, targetOffsets), tiles: tiles.pointer, weights: packed.weights,
      kLow: packed.kLow, kHigh: UnsafePointer(kHigh.pointer), weightOffset: packed.weightOffset)
    p.tileSize = packed.tileSize
    p.sourceStride = packed.phases == 4 ? 2 : 1
    tiles.set(&p)
    (p.inputRows, p.inputPlane, p.productPlane) = (
      run.scheme.inputRows, run.scheme.inputPlane, run.scheme.productPlane
    )
    (p.weightRows, p.blockVectors, p.halfWidth) = (packed.weightRows, packed.blockVectors, packed.width / 2)
    return p
  }
}
