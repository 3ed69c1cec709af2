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
  let family, points: Int
  let tileCount: Int
  let inputBlocks, columnBlocks, blockVectors: Int
  /// Packed channels of one phase of the source, and of all.
  let phaseChannels, summed: Int
  /// Vectors of output channels.
  let vectors: [PhasedPicture.Vector]
  private let layout: PanelLayout
  private let isTurned: Bool
  private let width: Int

  private let tiles: Table<Tile>
  private let clips: Table<Clip>
  private let sourceOffsets, sourceLanes, targetOffsets, targetLanes, targetPhases, targetChannels: Table<Int>
  private let groups, taps: Table<Int>
  private let factors: Table<Float>
  /// For each point the summed channels low..<high that have taps for it, and where their rows of U begin.
  let low, high: Table<Int>
  private let rowOffset: Table<Int>
  /// Rows of U of one column block.
  private let weightRows: Int
  private let scheme: WinogradScheme
  private let pieces: WinogradPieces
  /// Floats of U that a task, or the layer, has at a time for one column block.
  private let weightFloats: Int

  /// - Parameters:
  ///   - padding: zero pixels around each phase of the source.
  ///   - family: 2 or 4.
  ///   - layout: of the weights.
  ///   - isTurned: the source has the outputs of the layout, the target its inputs.
  init(
    source: PhasedPicture, target: PhasedPicture, padding: Int, images: Int, family: Int, layout: PanelLayout,
    isTurned: Bool, taps: Taps
  ) {
    let width = source.width
    (self.source, self.target, self.family, self.width) = (source, target, family, width)
    (self.layout, self.isTurned) = (layout, isTurned)
    let outputs = isTurned ? source : target
    groups = Table((0..<outputs.phases).map { outputs.place($0).row * 2 + outputs.place($0).column })
    points = winogradPoints(family: family)
    vectors = target.vectors
    blockVectors = vectors.count == 1 ? 1 : 2
    columnBlocks = (vectors.count + blockVectors - 1) / blockVectors
    phaseChannels = source.packedChannels
    summed = phaseChannels * source.phases
    inputBlocks = source.phases * source.vectorsOfPhase
    sourceOffsets = Table(source.vectors.map(\.offset))
    sourceLanes = Table(source.vectors.map(\.lanes))
    targetOffsets = Table(vectors.map(\.offset))
    targetLanes = Table(vectors.map(\.lanes))
    targetPhases = Table(vectors.map(\.phase))
    targetChannels = Table(vectors.map(\.channel))
    factors = Table(WinogradTransform.factors(family: family))

    let axis = WinogradGeometry.axis(side: target.side, family: family) ?? []
    var tiles: [Tile] = [], clips: [Clip] = []
    for image in 0..<images {
      for row in axis {
        for column in axis {
          let (y, x) = (row.start - padding, column.start - padding)
          tiles.append(
            Tile(
              source: image * source.image + y * source.step * source.row + x * source.step * source.pixel, residual: 0,
              target: image * target.image + row.start * target.step * target.row + column.start * target.step
                * target.pixel,
              skippedRows: row.skipped, skippedColumns: column.skipped))
          let rows = max(0, -y)..<min(family + 2, source.side - y)
          let columns = max(0, -x)..<min(family + 2, source.side - x)
          clips.append(
            Clip(rows: rows, columns: columns, isCut: rows.count < family + 2 || columns.count < family + 2))
        }
      }
    }
    (self.tiles, self.clips, tileCount) = (Table(tiles), Table(clips), tiles.count)

    var all: [[Int]] = []
    for phase in 0..<source.phases {
      for other in 0..<target.phases { all.append(taps(source.place(phase), target.place(other))) }
    }
    self.taps = Table(all.flatMap { $0 })

    // The point at infinity is the last tap alone.
    let perSource = target.phases
    func has(_ phase: Int, _ tap: (Int) -> Bool) -> Bool {
      (0..<perSource).contains { other in
        all[phase * perSource + other].enumerated().contains { tap($0.offset) && $0.element >= 0 }
      }
    }
    let lastRow = (0..<source.phases).map { has($0) { $0 / 3 == 2 } }
    let lastColumn = (0..<source.phases).map { has($0) { $0 % 3 == 2 } }
    let last = points - 1
    var low: [Int] = [], high: [Int] = [], offset: [Int] = [], rows = 0
    for i in 0..<points {
      for j in 0..<points {
        let used = (0..<source.phases).filter {
          (i < last || lastRow[$0]) && (j < last || lastColumn[$0])
        }
        low.append((used.first ?? 0) * phaseChannels)
        high.append(((used.last ?? -1) + 1) * phaseChannels)
        offset.append(rows)
        // A row between points, so that they do not begin at the same sets of a cache.
        rows += max(0, (high.last ?? 0) - (low.last ?? 0)) + 1
      }
    }
    weightRows = rows
    (self.low, self.high, rowOffset) = (Table(low), Table(high), Table(offset))
    let scheme = WinogradScheme(
      points: points, tiles: tiles.count, transformedPixels: tiles.count * points * points, summed: summed,
      vectors: vectors.count, blockVectors: blockVectors, width: width,
      side: Int(Double(images * target.side * target.side).squareRoot()), makesWeights: true)
    let (channels, blockVectors, points) = (phaseChannels, blockVectors, points)
    let ranges = (0..<source.phases).flatMap { phase in
      WinogradScheme.pieces(
        phase * channels..<(phase + 1) * channels, points: points, blockVectors: blockVectors, width: width)
    }
    self.scheme = scheme
    pieces = WinogradPieces(
      ranges, scope: scheme.weights ?? .layer, points: points * points, rowFloats: blockVectors * width,
      low: UnsafePointer(self.low.pointer), high: UnsafePointer(self.high.pointer),
      rowOffset: UnsafePointer(rowOffset.pointer), allRows: rows)
    weightFloats = pieces.rows * blockVectors * width + 4 * width
  }

  // MARK: - Parameters

  private func taps(_ weights: UnsafePointer<Float>) -> TrainedTaps {
    TrainedTaps(
      weights: weights, layout: layout, isTurned: isTurned, taps: UnsafePointer(taps.pointer),
      rows: source.channels, lanePhases: target.phases, groups: UnsafePointer(groups.pointer),
      phases: UnsafePointer(targetPhases.pointer),
      channels: UnsafePointer(targetChannels.pointer), lanes: UnsafePointer(targetLanes.pointer),
      vectors: vectors.count, blockVectors: blockVectors, family: family, factors: UnsafePointer(factors.pointer))
  }

  private func parameters(
    x: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>,
    residual: UnsafePointer<Float>?, slope: Float, weights: UnsafePointer<Float>
  ) -> WinogradParameters {
    func view(_ picture: PhasedPicture, _ origin: UnsafeMutablePointer<Float>) -> ActivationView {
      ActivationView(origin: origin, row: picture.row, plane: width, image: picture.image, pixel: picture.pixel)
    }
    var destination = Destination(
      target: view(target, y), step: target.step, offsets: UnsafePointer(targetOffsets.pointer), vectors: vectors.count,
      residual: residual.map { view(target, UnsafeMutablePointer(mutating: $0)) }, bias: bias,
      activation: ActivationKind.leaky, slope: slope)
    destination.lanes = UnsafePointer(targetLanes.pointer)
    var p = WinogradParameters(
      source: view(source, x), sourceOffsets: UnsafePointer(sourceOffsets.pointer), destination: destination,
      tiles: UnsafePointer(tiles.pointer), weights: weights, kLow: UnsafePointer(low.pointer),
      kHigh: UnsafePointer(high.pointer), weightOffset: UnsafePointer(rowOffset.pointer))
    p.family = family
    p.sourceStep = source.step
    p.sourceLanes = UnsafePointer(sourceLanes.pointer)
    p.clips = UnsafePointer(clips.pointer)
    (p.kind1, p.kind2, p.kind3, p.tileCount) = (0, tileCount, tileCount, tileCount)
    (p.inputRows, p.inputPlane, p.productPlane) = (scheme.inputRows, scheme.inputPlane, scheme.productPlane)
    (p.weightRows, p.blockVectors, p.halfWidth) = (weightRows, blockVectors, width / 2)
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
    let kernels = engine.kernels, all = points * points, n = blockVectors * width, scheme = scheme
    let workers = engine.workers
    let inputFloats = all * scheme.inputPlane, productFloats = all * scheme.productPlane + width
    let v = try engine.buffers.take(inputFloats * (scheme.isShared ? 1 : workers))
    let u = try engine.buffers.take(weightFloats * (scheme.isShared ? workers : columnBlocks))
    let m = try engine.buffers.take(productFloats * workers)
    let zeros = try bias == nil ? engine.buffers.take(columnBlocks * n) : nil
    defer { for buffer in [v, u, m, zeros] { if let buffer { engine.buffers.give(back: buffer) } } }
    if let zeros { zeros.floats.update(repeating: 0, count: columnBlocks * n) }
    let p = parameters(
      x: x, y: y, bias: bias ?? UnsafePointer(zeros?.floats ?? y), residual: residual, slope: slope,
      weights: UnsafePointer(u.floats))
    let taps = taps(weights)

    if scheme.isShared {
      let parts = Self.parts(tileCount)
      engine.parallel(inputBlocks * parts) { index, worker in
        let part = Self.part(index / inputBlocks, of: parts, 0..<tileCount)
        withUnsafePointer(to: p) {
          kernels.winogradInput(
            $0, index % inputBlocks, part.lowerBound, part.upperBound, v.floats + part.lowerBound * width,
            engine.scratch(worker))
        }
      }
      try engine.checkCancelled()
      engine.parallel(columnBlocks) { block, worker in
        let scratch = engine.scratch(worker)
        let m = m.floats + worker * productFloats, u = u.floats + worker * weightFloats
        var q = p
        q.weights = UnsafePointer(u)
        if scheme.weights == .piece {
          for piece in pieces.ranges.indices {
            makeWeights(kernels, taps, block, piece, u, scratch)
            (q.kLow, q.kHigh, q.weightOffset) = pieces.products(piece)
            q.accumulates = piece > 0
            kernels.winogradProduct(&q, 0, 0, tileCount, v.floats, 0, m)
          }
          withUnsafePointer(to: p) { kernels.winogradOutput($0, block, 0, tileCount, m, scratch) }
          return
        }
        for piece in pieces.ranges.indices { makeWeights(kernels, taps, block, piece, u, scratch) }
        for from in stride(from: 0, to: tileCount, by: scheme.rowBlock) {
          let to = min(tileCount, from + scheme.rowBlock)
          kernels.winogradProduct(&q, 0, from, to, v.floats, 0, m)
          withUnsafePointer(to: p) { kernels.winogradOutput($0, block, from, to, m, scratch) }
        }
      }
    } else {
      let count = pieces.ranges.count
      engine.parallel(columnBlocks * count) { index, worker in
        let block = index / count
        makeWeights(
          kernels, taps, block, index % count, u.floats + block * weightRows * n, engine.scratch(worker))
      }
      engine.parallel(scheme.rowBlocks) { index, worker in
        let scratch = engine.scratch(worker)
        let v = v.floats + worker * inputFloats, m = m.floats + worker * productFloats
        let from = index * scheme.rowBlock, to = min(tileCount, from + scheme.rowBlock)
        withUnsafePointer(to: p) { p in
          for block in 0..<inputBlocks { kernels.winogradInput(p, block, from, to, v, scratch) }
          for block in 0..<columnBlocks {
            kernels.winogradProduct(p, block, from, to, v, from, m)
            kernels.winogradOutput(p, block, from, to, m, scratch)
          }
        }
      }
    }
  }

  /// Parts into which a transform of tiles is cut.
  private static func parts(_ tiles: Int) -> Int { max(1, min(16, tiles / 16)) }

  /// The tiles of one part.
  private static func part(_ index: Int, of parts: Int, _ tiles: Range<Int>) -> Range<Int> {
    tiles.lowerBound + index * tiles.count / parts..<tiles.lowerBound + (index + 1) * tiles.count / parts
  }

  /// Makes U of a piece of summed channels for one block of output channels.
  private func makeWeights(
    _ kernels: TrainingKernelTable, _ taps: TrainedTaps, _ block: Int, _ piece: Int, _ u: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let range = pieces.ranges[piece]
    withUnsafePointer(to: taps) {
      kernels.trainedWeights(
        $0, range.lowerBound / phaseChannels, block, range.lowerBound % phaseChannels, range.count,
        pieces.offsets(piece), u, scratch)
    }
  }

  // MARK: - By the weights

  /// Floats of V and M together of the tiles that are worked on at once.
  private static let cachedFloats = 3 << 20

  /// The derivative by the weights, set or added; that of the activation is taken first, so that `dy` is then the
  /// derivative by the sum.
  ///
  /// - Parameter bias: sums over pixels are added, in the order of `vectors`, each padded to W.
  /// - Throws: `outOfMemory`, `cancelled`.
  func runBack(
    _ engine: Engine, x: UnsafeMutablePointer<Float>, y: UnsafePointer<Float>, dy: UnsafeMutablePointer<Float>,
    slope: Float, gradient: UnsafeMutablePointer<Float>, isAdding: Bool, bias: UnsafeMutablePointer<Float>
  ) throws(LiaeError) {
    let kernels = engine.kernels, all = points * points, n = blockVectors * width
    let inputs = inputBlocks * width, outputs = columnBlocks * n
    // U is read and written again for each chunk, so that where it is large a chunk has as many floats.
    let most = max(64, Self.cachedFloats / (all * (inputs + outputs)), inputs * outputs / (inputs + outputs) * 2)
    let chunks = (tileCount + most - 1) / most, chunk = (tileCount + chunks - 1) / chunks
    let inputPlane = inputs * chunk + width, productPlane = chunk * n + width
    let v = try engine.buffers.take(all * inputPlane + 4 * width)
    let m = try engine.buffers.take(columnBlocks * all * productPlane + 4 * width)

    // Tasks of the products: some channels of one phase by some column blocks, as many as leave two for each worker. What
    // a task reads of V and M grows with its sides, what it multiplies with their product. Sums do not depend on it.
    var (rows, blocks) = (min(128, roundUp(phaseChannels, width)), min(2, columnBlocks))
    func tasks() -> Int {
      source.phases * ((phaseChannels + rows - 1) / rows) * ((columnBlocks + blocks - 1) / blocks)
    }
    while tasks() < 2 * engine.workers, rows > width || blocks > 1 {
      if rows > blocks * n || blocks == 1 { rows = max(width, roundUp(rows / 2, width)) } else { blocks = 1 }
    }
    let perPhase = (phaseChannels + rows - 1) / rows, across = (columnBlocks + blocks - 1) / blocks
    let slab = all * rows * n, count = tasks()
    let u = try engine.buffers.take((chunks > 1 ? count : engine.workers) * blocks * slab)
    let parts = Self.parts(chunk)
    let sums = try engine.buffers.take(parts * outputs)
    defer { for buffer in [v, m, u, sums] { engine.buffers.give(back: buffer) } }
    sums.floats.update(repeating: 0, count: parts * outputs)

    var p = parameters(x: x, y: dy, bias: y, residual: nil, slope: slope, weights: y)
    (p.inputRows, p.inputPlane, p.productPlane) = (chunk, inputPlane, productPlane)
    let parameters = p, taps = taps(y), (taskRows, taskBlocks) = (rows, blocks)
    for index in 0..<chunks {
      try engine.checkCancelled()
      let first = index * chunk, end = min(tileCount, first + chunk)
      engine.parallel((inputBlocks + columnBlocks) * parts) { task, worker in
        let part = task / (inputBlocks + columnBlocks), block = task % (inputBlocks + columnBlocks)
        let tiles = Self.part(part, of: parts, first..<end), (from, to) = (tiles.lowerBound, tiles.upperBound)
        if from >= to { return }
        withUnsafePointer(to: parameters) { p in
          if block < inputBlocks {
            kernels.winogradInput(p, block, from, to, v.floats + (from - first) * width, engine.scratch(worker))
          } else {
            let block = block - inputBlocks
            kernels.winogradOutputBack(
              p, block, from, to, y, slope, sums.floats + part * outputs + block * n,
              m.floats + block * all * productPlane + (from - first) * n, engine.scratch(worker))
          }
        }
      }
      engine.parallel(count) { task, worker in
        let group = task / across, phase = group / perPhase, from = group % perPhase * taskRows
        let rows = min(taskRows, phaseChannels - from)
        for i in 0..<taskBlocks {
          let block = task % across * taskBlocks + i
          if block >= columnBlocks { break }
          let slabs = u.floats + ((chunks > 1 ? task : worker) * taskBlocks + i) * slab
          withUnsafePointer(to: parameters) {
            kernels.winogradProductBack(
              $0, phase * phaseChannels + from, rows, end - first, v.floats,
              m.floats + block * all * productPlane, slabs, taskRows * n, index > 0)
          }
          guard index == chunks - 1 else { continue }
          withUnsafePointer(to: taps) {
            kernels.trainedWeightsBack(
              $0, phase, block, from, min(rows, source.channels - from), slabs, taskRows * n, gradient, isAdding,
              engine.scratch(worker))
          }
        }
      }
    }
    for part in 0..<parts { kernels.addScaled(sums.floats + part * outputs, 1, bias, outputs) }
  }
}
