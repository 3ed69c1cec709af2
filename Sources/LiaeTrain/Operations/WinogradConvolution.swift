// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// A convolution of 3x3, or of 5x5 with stride 2, by Winograd's minimal filtering, forwards and backwards.
///
/// Each point of the tiles is a matrix product of its own, OpenBLAS's; a 5x5 kernel of stride 2 is a 3x3 kernel over the
/// four phases of the input. Backwards runs the transposes of the same transforms: the derivative by the points of the
/// output serves both weights and input, and costs the same products as forwards. Tiles are worked on in chunks that stay
/// in cache.
struct WinogradConvolution: ConvolutionAlgorithm {
  let shape: ConvolutionShape
  let tile: TrainingTile
  /// 1, or 4 of a stride of 2.
  let phases: Int
  let tilesDown, tilesAcross: Int
  /// Tiles worked on at once.
  let chunk: Int

  /// What is summed over: channels of all phases.
  var inner: Int { phases * shape.inputChannels }
  var columns: Int { shape.outputChannels }
  var tiles: Int { shape.count * tilesDown * tilesAcross }
  /// Floats of a point in U.
  var point: Int { inner * columns }

  /// Floats of V and M together that are small enough for the caches while they are used.
  private static let cachedFloats = 1 << 20

  /// nil where the plain sum is the better way or the only one.
  init?(_ shape: ConvolutionShape) {
    let phases: Int
    switch (shape.kernel, shape.stride) {
    case (3, 1): phases = 1
    case (5, 2) where shape.padding == 2 && shape.inputHeight % 2 == 0 && shape.inputWidth % 2 == 0: phases = 4
    default: return nil
    }
    guard let tile = Self.choose(shape, phases: phases) else { return nil }
    (self.shape, self.tile, self.phases) = (shape, tile, phases)
    let m = tile.outputs
    tilesDown = (shape.outputHeight + m - 1) / m
    tilesAcross = (shape.outputWidth + m - 1) / m
    let tiles = shape.count * tilesDown * tilesAcross
    let (k, n) = (phases * shape.inputChannels, shape.outputChannels)
    // U is read anew for each chunk, so that where it is large a chunk has as many floats of its own.
    let most = max(64, Self.cachedFloats / (tile.points * (k + n)), 2 * k * n / (k + n))
    let chunks = (tiles + most - 1) / most
    chunk = (tiles + chunks - 1) / chunks
  }

  /// The way with the least estimated time of one forward pass; nil is the plain sum.
  ///
  /// A rate of products that falls with few rows, and the traffic of U, which is as large as it is with small tiles.
  private static func choose(_ shape: ConvolutionShape, phases: Int) -> TrainingTile? {
    let weights = Double(phases * shape.inputChannels * shape.outputChannels)
    func seconds(rows: Double, flops: Double, bytes: Double) -> Double {
      flops / (100e9 * rows / (rows + 10)) + bytes / 8e9
    }
    let plain = seconds(
      rows: Double(shape.pixels), flops: shape.flops,
      bytes: Double(4 * shape.pixels * (shape.taps * shape.inputChannels + 2 * shape.outputChannels)))
    var best: (tile: TrainingTile?, seconds: Double) = (nil, plain)
    for tile in [TrainingTile.two, .four] {
      let m = tile.outputs
      let tiles = Double(
        shape.count * ((shape.outputHeight + m - 1) / m) * ((shape.outputWidth + m - 1) / m))
      let points = Double(tile.points)
      let traffic = points * (2 * weights + 1.5 * tiles * Double(phases * shape.inputChannels + shape.outputChannels))
      let time = seconds(rows: tiles, flops: 2 * points * tiles * weights, bytes: 4 * traffic)
      if time < best.seconds { best = (tile, time) }
    }
    return best.tile
  }

  // MARK: - Views

  /// Phase `phase` of the input and its channels of V.
  private func input(
    _ phase: Int, _ pixels: UnsafeMutablePointer<Float>, _ v: UnsafeMutablePointer<Float>, _ first: Int
  )
    -> TrainingTiles
  {
    let c = shape.inputChannels, width = shape.inputWidth, step = phases == 1 ? 1 : 2
    return TrainingTiles(
      pixels: pixels + ((phase / 2) * width + phase % 2) * c, image: shape.inputHeight * width * c,
      row: step * width * c, column: step * c, height: shape.inputHeight / step, width: width / step, channels: c,
      origin: phases == 1 ? -shape.padding : -1, tilesDown: tilesDown, tilesAcross: tilesAcross,
      points: v + phase * c, point: chunk * inner, tile: inner, firstTile: first)
  }

  /// Quarter `quarter` of the result (all of it without depth-to-space) and its channels of M.
  private func output(
    _ quarter: Int, _ pixels: UnsafeMutablePointer<Float>, _ m: UnsafeMutablePointer<Float>, _ first: Int
  ) -> TrainingTiles {
    let c = shape.resultChannels, width = shape.resultWidth, step = shape.depthToSpace ? 2 : 1
    return TrainingTiles(
      pixels: pixels + ((quarter / 2) * width + quarter % 2) * c, image: shape.resultHeight * width * c,
      row: step * width * c, column: step * c, height: shape.outputHeight, width: shape.outputWidth, channels: c,
      origin: 0, tilesDown: tilesDown, tilesAcross: tilesAcross, points: m + quarter * c, point: chunk * columns,
      tile: columns, firstTile: first)
  }
  private var quarters: Int { shape.depthToSpace ? 4 : 1 }

  /// Begins of the nine taps of a phase in (kernel, kernel, in, out); nil where a phase has none.
  private func taps<P>(_ phase: Int, _ weight: P, _ at: (P, Int) -> P) -> [P?] {
    (0..<9).map { i in
      if phases == 1 { return at(weight, i * point) }
      let y = 2 * (i / 3) + phase / 2, x = 2 * (i % 3) + phase % 2
      return y < 5 && x < 5 ? at(weight, (y * 5 + x) * shape.inputChannels * columns) : nil
    }
  }

  /// Runs `body(piece, from, to)` over tiles first..<end, in pieces whose number follows from the chunk alone.
  private var pieces: Int { min(16, chunk) }
  private func range(_ piece: Int, _ first: Int, _ end: Int) -> (from: Int, to: Int) {
    let count = end - first
    return (first + piece * count / pieces, first + (piece + 1) * count / pieces)
  }

  // MARK: - Passes

  /// Runs `body(phase, from, count, scratch)` over the weights of each phase, in pieces.
  private func overWeights(
    _ engine: Engine, _ body: (_ phase: Int, _ from: Int, _ count: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void
  ) {
    let length = shape.inputChannels * columns, piece = 4096
    let pieces = (length + piece - 1) / piece
    engine.parallel(phases * pieces) { index in
      let from = index % pieces * piece
      engine.withScratch { body(index / pieces, from, min(piece, length - from), $0) }
    }
  }

  private func makeU(_ engine: Engine, _ weight: UnsafeMutablePointer<Float>, _ u: UnsafeMutablePointer<Float>) {
    let taps = (0..<phases).map { self.taps($0, UnsafePointer(weight)) { $0 + $1 } }
    overWeights(engine) { phase, from, count, scratch in
      engine.kernels.tapsToPoints(
        tile, taps[phase].map { $0.map { $0 + from } }, count, u + phase * shape.inputChannels * columns + from, point,
        scratch)
    }
  }

  func forward(
    _ engine: Engine, x: UnsafeMutablePointer<Float>, weight: UnsafeMutablePointer<Float>, _ epilogue: TrainingEpilogue,
    y: UnsafeMutablePointer<Float>
  ) throws(LiaeError) {
    let u = try engine.buffers.take(tile.points * point)
    let v = try engine.buffers.take(tile.points * chunk * inner)
    let m = try engine.buffers.take(tile.points * chunk * columns)
    defer { for buffer in [u, v, m] { engine.buffers.give(back: buffer) } }
    makeU(engine, weight, u.floats)
    for first in stride(from: 0, to: tiles, by: chunk) {
      let end = min(tiles, first + chunk)
      let views = (0..<phases).map { input($0, x, v.floats, first) }
      engine.parallel(phases * pieces) { index in
        let (from, to) = range(index / phases, first, end)
        withUnsafePointer(to: views[index % phases]) { view in
          engine.withScratch { engine.kernels.windowsToPoints(tile, view, from, to, $0) }
        }
      }
      engine.parallel(tile.points) { i in
        Engine.multiply(
          Matrix(values: v.floats + i * chunk * inner, stride: inner),
          Matrix(values: u.floats + i * point, stride: columns), rows: end - first, columns: columns, inner: inner,
          adding: false, into: m.floats + i * chunk * columns, stride: columns)
      }
      let results = (0..<quarters).map { output($0, y, m.floats, first) }
      let epilogues = (0..<quarters).map { quarter in
        var e = epilogue
        e.bias = e.bias.map { $0 + quarter * shape.resultChannels }
        // A residual has the strides of the result.
        e.residual = e.residual.map { $0 + (results[quarter].pixels - y) }
        return e
      }
      engine.parallel(quarters * pieces) { index in
        let (from, to) = range(index / quarters, first, end)
        withUnsafePointer(to: results[index % quarters]) { view in
          withUnsafePointer(to: epilogues[index % quarters]) { e in
            engine.withScratch { engine.kernels.pointsToPixels(tile, view, e, from, to, $0) }
          }
        }
      }
    }
  }

  func backward(
    _ engine: Engine, x: UnsafeMutablePointer<Float>, weight: UnsafeMutablePointer<Float>,
    y: UnsafeMutablePointer<Float>, dy: UnsafeMutablePointer<Float>, slope: Float, dx: UnsafeMutablePointer<Float>?,
    dw: UnsafeMutablePointer<Float>?, db: UnsafeMutablePointer<Float>?
  ) throws(LiaeError) {
    let u = try dx == nil ? nil : engine.buffers.take(tile.points * point)
    let du = try dw == nil ? nil : engine.buffers.take(tile.points * point)
    let v = try engine.buffers.take(tile.points * chunk * inner)
    let m = try engine.buffers.take(tile.points * chunk * columns)
    let sums = try engine.buffers.take(pieces * columns + 64)
    defer { for buffer in [u, du, v, m, sums] { if let buffer { engine.buffers.give(back: buffer) } } }
    if let u { makeU(engine, weight, u.floats) }
    sums.floats.update(repeating: 0, count: pieces * columns)
    for first in stride(from: 0, to: tiles, by: chunk) {
      let end = min(tiles, first + chunk)
      let views = (0..<phases).map { input($0, x, v.floats, first) }
      let results = (0..<quarters).map { output($0, dy, m.floats, first) }
      let gathers = dw == nil ? 0 : phases * pieces
      engine.parallel(gathers + quarters * pieces) { index in
        if index < gathers {
          let (from, to) = range(index / phases, first, end)
          withUnsafePointer(to: views[index % phases]) { view in
            engine.withScratch { engine.kernels.windowsToPoints(tile, view, from, to, $0) }
          }
        } else {
          let piece = (index - gathers) / quarters, quarter = (index - gathers) % quarters
          let (from, to) = range(piece, first, end)
          withUnsafePointer(to: results[quarter]) { view in
            engine.withScratch {
              engine.kernels.pixelsToPoints(
                tile, view, y + (view.pointee.pixels - dy), slope,
                sums.floats + piece * columns + quarter * shape.resultChannels, from, to, $0)
            }
          }
        }
      }
      engine.parallel(tile.points) { i in
        let d = Matrix(values: m.floats + i * chunk * columns, stride: columns)
        let vi = v.floats + i * chunk * inner
        if let du {
          Engine.multiply(
            Matrix(values: vi, stride: inner, isTransposed: true), d, rows: inner, columns: columns,
            inner: end - first, adding: first > 0, into: du.floats + i * point, stride: columns)
        }
        if let u {
          Engine.multiply(
            d, Matrix(values: u.floats + i * point, stride: columns, isTransposed: true), rows: end - first,
            columns: inner, inner: columns, adding: false, into: vi, stride: inner)
        }
      }
      if let dx {
        // Windows overlap, so that tasks share channels, not tiles.
        let width = engine.kernels.width, c = shape.inputChannels
        let block = max(width, (c / 8 + width - 1) / width * width), blocks = (c + block - 1) / block
        let targets = (0..<phases).map { input($0, dx, v.floats, first) }
        engine.parallel(phases * blocks) { index in
          let c0 = index / phases * block
          withUnsafePointer(to: targets[index % phases]) { view in
            engine.withScratch {
              engine.kernels.pointsToWindows(tile, view, first, end, c0, min(c, c0 + block), $0)
            }
          }
        }
      }
    }
    if let dw, let du { addTaps(engine, du.floats, dw) }
    if let db {
      for piece in 0..<pieces { engine.kernels.addScaled(sums.floats + piece * columns, 1, db, columns) }
    }
  }

  private func addTaps(_ engine: Engine, _ du: UnsafeMutablePointer<Float>, _ dw: UnsafeMutablePointer<Float>) {
    let taps = (0..<phases).map { self.taps($0, dw) { $0 + $1 } }
    overWeights(engine) { phase, from, count, scratch in
      engine.kernels.pointsToTaps(
        tile, du + phase * shape.inputChannels * columns + from, point, count,
        taps[phase].map { $0.map { $0 + from } }, scratch)
    }
  }
}
