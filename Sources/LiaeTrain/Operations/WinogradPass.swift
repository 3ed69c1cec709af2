// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeKernels
import LiaeSystem

/// A 3x3 convolution of stride 1 between the phases of two pictures of a batch, by Winograd: the tables that kernels read,
/// made once for all runs of its sizes. They hold no addresses.
final class WinogradPass {
  /// The nine taps between a phase of the source and one of the target; -1 where there is none.
  typealias Taps = (_ source: (row: Int, column: Int), _ target: (row: Int, column: Int)) -> [Int]

  let source, target: PhasedPicture
  let tileSize, points, width: Int
  let inputBlocks, columnBlocks, blockVectors: Int
  /// Packed channels of one phase of the source.
  let phaseChannels: Int
  /// Vectors of output channels.
  let vectors: [PhasedPicture.Vector]
  let tiles: WinogradTiles
  private let run: WinogradRun
  private let pieces: WinogradPieces
  private let rows: WinogradRows
  private let layout: PanelLayout
  private let isTurned: Bool

  private let sourceOffsets, sourceLanes, targetOffsets, targetLanes, targetPhases, targetChannels: Table<Int>
  private let groups, taps: Table<Int>
  private let factors: Table<Float>
  private let low, high, rowOffset: Table<Int>

  /// - Parameters:
  ///   - padding: zero pixels around each phase of the source.
  ///   - tileSize: 2 or 4.
  ///   - layout: of the weights.
  ///   - workers: threads that will run it.
  ///   - isTurned: the source has the outputs of the layout, the target its inputs.
  init(
    source: PhasedPicture, target: PhasedPicture, padding: Int, images: Int, tileSize: Int, layout: PanelLayout,
    isTurned: Bool, kernels: TrainingKernelTable, workers: Int, taps: Taps
  ) {
    let width = source.width
    (self.source, self.target, self.tileSize, self.width) = (source, target, tileSize, width)
    (self.layout, self.isTurned) = (layout, isTurned)
    let outputs = isTurned ? source : target
    groups = Table((0..<outputs.phases).map { outputs.place($0).row * 2 + outputs.place($0).column })
    points = winogradPoints(tileSize: tileSize)
    vectors = target.vectors
    blockVectors = vectors.count == 1 ? 1 : 2
    columnBlocks = (vectors.count + blockVectors - 1) / blockVectors
    phaseChannels = source.packedChannels
    inputBlocks = source.phases * source.vectorsOfPhase
    sourceOffsets = Table(source.vectors.map(\.offset))
    sourceLanes = Table(source.vectors.map(\.lanes))
    targetOffsets = Table(vectors.map(\.offset))
    targetLanes = Table(vectors.map(\.lanes))
    targetPhases = Table(vectors.map(\.phase))
    targetChannels = Table(vectors.map(\.channel))
    factors = Table(WinogradTransform.factors(tileSize: tileSize))
    tiles = WinogradTiles(
      tileSize: tileSize, side: target.side, images: images, padding: padding * source.pixelStride,
      source: source.pictures,
      target: target.pictures, sourceSide: source.side)

    // For each phase of the source the taps of all phases of the target.
    var all: [[[Int]]] = []
    for phase in 0..<source.phases {
      all.append((0..<target.phases).map { taps(source.place(phase), target.place($0)) })
    }
    self.taps = Table(all.flatMap { $0.flatMap { $0 } })
    func hasTap(_ phase: Int, _ isCounted: (Int) -> Bool) -> Bool {
      all[phase].contains { taps in taps.indices.contains { isCounted($0) && taps[$0] >= 0 } }
    }
    rows = WinogradRows(
      points: points,
      phases: all.indices.map { phase in
        (lastRow: hasTap(phase) { $0 / 3 == 2 }, lastColumn: hasTap(phase) { $0 % 3 == 2 })
      }, channels: phaseChannels, gap: 1)
    (low, high, rowOffset) = (Table(rows.low), Table(rows.high), Table(rows.offset))
    let scheme = WinogradScheme(
      points: points, tiles: tiles.count, transformedPixels: tiles.transformedPixels,
      summed: phaseChannels * source.phases, vectors: vectors.count, blockVectors: blockVectors, width: width,
      side: Int(Double(images * target.side * target.side).squareRoot()), makesWeights: true, workers: workers)
    let (channels, blockVectors, points) = (phaseChannels, blockVectors, points)
    let ranges = (0..<source.phases).flatMap { phase in
      WinogradScheme.pieces(
        phase * channels..<(phase + 1) * channels, points: points, blockVectors: blockVectors, width: width)
    }
    pieces = WinogradPieces(
      ranges, scope: scheme.weights ?? .layer, points: points * points, rowFloats: blockVectors * width,
      low: UnsafePointer(low.pointer), high: UnsafePointer(high.pointer), rowOffset: UnsafePointer(rowOffset.pointer),
      allRows: rows.count)
    run = WinogradRun(
      scheme,
      kernels: WinogradKernels(
        input: kernels.winogradInput, product: kernels.winogradProduct, output: kernels.winogradOutput),
      points: points, tiles: tiles.count, inputBlocks: inputBlocks, columnBlocks: columnBlocks,
      row: blockVectors * width, width: width, pieces: pieces)
  }

  // MARK: - Parameters

  func taps(_ weights: UnsafePointer<Float>) -> TrainedTaps {
    TrainedTaps(
      weights: weights, layout: layout, isTurned: isTurned, taps: UnsafePointer(taps.pointer),
      rows: source.channels, lanePhases: target.phases, groups: UnsafePointer(groups.pointer),
      phases: UnsafePointer(targetPhases.pointer),
      channels: UnsafePointer(targetChannels.pointer), lanes: UnsafePointer(targetLanes.pointer),
      vectors: vectors.count, blockVectors: blockVectors, tileSize: tileSize, factors: UnsafePointer(factors.pointer))
  }

  func parameters(
    x: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>,
    residual: UnsafePointer<Float>?, slope: Float, weights: UnsafePointer<Float>
  ) -> WinogradParameters {
    func view(_ picture: PhasedPicture, _ origin: UnsafeMutablePointer<Float>) -> ActivationView {
      ActivationView(origin: origin, row: picture.row, plane: width, image: picture.image, pixel: picture.pixel)
    }
    var output = ConvolutionOutput(
      target: view(target, y), stride: target.pixelStride, offsets: UnsafePointer(targetOffsets.pointer),
      vectors: vectors.count,
      residual: residual.map { view(target, UnsafeMutablePointer(mutating: $0)) }, bias: bias,
      activation: ActivationKind.leaky, slope: slope)
    output.lanes = UnsafePointer(targetLanes.pointer)
    var p = WinogradParameters(
      source: view(source, x), sourceOffsets: UnsafePointer(sourceOffsets.pointer), output: output,
      tiles: tiles.pointer, weights: weights, kLow: UnsafePointer(low.pointer),
      kHigh: UnsafePointer(high.pointer), weightOffset: UnsafePointer(rowOffset.pointer))
    p.tileSize = tileSize
    p.sourceStride = source.pixelStride
    p.sourceLanes = UnsafePointer(sourceLanes.pointer)
    tiles.set(&p)
    (p.inputRows, p.inputPlane, p.productPlane) = (
      run.scheme.inputRows, run.scheme.inputPlane, run.scheme.productPlane
    )
    (p.weightRows, p.blockVectors, p.halfWidth) = (rows.count, blockVectors, width / 2)
    return p
  }

  // MARK: - Forwards

  /// y = act(convolution of x + bias + residual).
  ///
  /// - Parameters:
  ///   - bias: as many as output channels in the order of `vectors`, each padded to W; nil: none.
  ///   - residual: of y's layout; may be y itself.
  /// - Throws: `outOfMemory`, `cancelled`.
  func run(
    _ engine: Engine, x: UnsafeMutablePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    residual: UnsafePointer<Float>?, slope: Float, y: UnsafeMutablePointer<Float>
  ) throws(LiaeError) {
    let (run, workers, isShared) = (run, engine.workers, run.scheme.isShared)
    let row = columnBlocks * blockVectors * width, productFloats = run.productFloats + width
    let v = try engine.buffers.take(run.inputFloats * (isShared ? 1 : workers))
    let u = try engine.buffers.take(run.weightFloats * (isShared ? workers : 1))
    let m = try engine.buffers.take(productFloats * workers)
    let zeros = try bias == nil ? engine.buffers.take(row) : nil
    defer { for buffer in [v, u, m, zeros] { if let buffer { engine.buffers.give(back: buffer) } } }
    if let zeros { zeros.floats.update(repeating: 0, count: row) }
    let p = parameters(
      x: x, y: y, bias: bias ?? UnsafePointer(zeros?.floats ?? y), residual: residual, slope: slope,
      weights: UnsafePointer(u.floats))
    let weights = TrainedWeights(taps(weights), pieces, phaseChannels: phaseChannels, engine.kernels)
    func memory(_ worker: Int) -> WinogradRun.Memory {
      WinogradRun.Memory(
        v: v.floats + (isShared ? 0 : worker * run.inputFloats),
        u: u.floats + (isShared ? worker * run.weightFloats : 0),
        m: m.floats + worker * productFloats, scratch: engine.scratch(worker))
    }
    engine.parallel(run.preparingTasks) { index, worker in
      withUnsafePointer(to: p) { run.prepare(index, $0, weights, memory(worker)) }
    }
    try engine.checkCancelled()
    engine.parallel(run.multiplyingTasks) { index, worker in
      withUnsafePointer(to: p) { run.multiply(index, $0, weights, memory(worker)) }
    }
  }
}

/// The weights of one run, which change with every step.
private final class TrainedWeights: WinogradWeights {
  private let taps: TrainedTaps
  private let pieces: WinogradPieces
  private let phaseChannels: Int
  private let kernels: TrainingKernelTable

  init(_ taps: TrainedTaps, _ pieces: WinogradPieces, phaseChannels: Int, _ kernels: TrainingKernelTable) {
    (self.taps, self.pieces, self.phaseChannels, self.kernels) = (taps, pieces, phaseChannels, kernels)
  }

  func make(
    _ piece: Int, block: Int, into u: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    let range = pieces.ranges[piece]
    withUnsafePointer(to: taps) {
      kernels.trainedWeights(
        $0, range.lowerBound / phaseChannels, block, range.lowerBound % phaseChannels, range.count,
        pieces.offsets(piece), u, scratch)
    }
  }

  /// They stand in panels of all inputs, of which prefetchers take what follows by themselves.
  func following(_ piece: Int, block: Int) -> (start: UnsafePointer<Float>, floats: Int)? { nil }
}
