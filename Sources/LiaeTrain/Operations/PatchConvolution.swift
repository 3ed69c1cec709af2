// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// Any convolution as a product of patches and weights (im2col), forwards and backwards: what Winograd cannot do, and
/// layers whose weights are large beside their pictures, where transforming the weights would cost more than it saves.
struct PatchConvolution: ConvolutionMethod {
  let shape: ConvolutionShape
  /// Floats of a patch.
  private let patch: Int
  /// Images worked on at once.
  private let group: Int
  /// True if a patch is a pixel, so that nothing is copied.
  private let isPointwise: Bool

  var name: String { "patches" }
  var multiplications: Double { shape.flops / 2 }

  /// Floats of patches that are kept at once, where an image has no more.
  private static let cachedFloats = 1 << 21

  init(_ shape: ConvolutionShape) {
    self.shape = shape
    patch = shape.taps * shape.inputChannels
    isPointwise = shape.kernel == 1 && shape.stride == 1
    let image = shape.outputHeight * shape.outputWidth
    group = isPointwise ? shape.count : max(1, min(shape.count, Self.cachedFloats / max(1, image * patch)))
  }

  private var imagePixels: Int { shape.outputHeight * shape.outputWidth }
  private var inputStride: Int { shape.inputHeight * shape.inputWidth * shape.inputChannels }
  private var resultStride: Int { shape.resultHeight * shape.resultWidth * shape.resultChannels }

  func forward(
    _ engine: Engine, x: UnsafeMutablePointer<Float>, weight: UnsafeMutablePointer<Float>, _ epilogue: TrainingEpilogue,
    y: UnsafeMutablePointer<Float>
  ) throws(LiaeError) {
    try engine.measured(.forward) { () throws(LiaeError) in
      try run(engine, x: x, weight: weight, epilogue, y: y)
    }
  }

  private func run(
    _ engine: Engine, x: UnsafeMutablePointer<Float>, weight: UnsafeMutablePointer<Float>, _ epilogue: TrainingEpilogue,
    y: UnsafeMutablePointer<Float>
  ) throws(LiaeError) {
    let columns = shape.outputChannels
    let patches = isPointwise ? nil : try engine.buffers.take(group * imagePixels * patch)
    let sums = shape.depthToSpace ? try engine.buffers.take(group * imagePixels * columns) : nil
    let matrix = try engine.buffers.take(patch * columns)
    defer { for buffer in [patches, sums, matrix] { if let buffer { engine.buffers.give(back: buffer) } } }
    forEachStretch { place, at, count in (matrix.floats + at).update(from: weight + place, count: count) }
    for first in stride(from: 0, to: shape.count, by: group) {
      let images = min(group, shape.count - first), rows = images * imagePixels
      if let patches { gather(engine, x + first * inputStride, images, patches.floats) }
      let a = patches?.floats ?? x + first * inputStride
      let out = y + first * resultStride
      try engine.product(
        Matrix(values: a, stride: patch), Matrix(values: matrix.floats, stride: columns), rows: rows, columns: columns,
        inner: patch, adding: false, into: sums?.floats ?? out, stride: columns)
      var e = epilogue
      e.residual = e.residual.map { $0 + first * resultStride }
      finish(engine, sums?.floats ?? out, rows: rows, e)
      if let sums { rearrange(engine, sums: sums.floats, result: out, images, isForward: true) }
    }
  }

  func backward(
    _ engine: Engine, x: UnsafeMutablePointer<Float>, weight: UnsafeMutablePointer<Float>,
    y: UnsafeMutablePointer<Float>, dy: UnsafeMutablePointer<Float>, slope: Float, dx: Gradient?, dw: Gradient?,
    db: UnsafeMutablePointer<Float>?
  ) throws(LiaeError) {
    let columns = shape.outputChannels
    engine.leakyBack(dy, y, slope, shape.count * resultStride)
    let patches = isPointwise ? nil : try engine.buffers.take(group * imagePixels * patch)
    let sums = shape.depthToSpace ? try engine.buffers.take(group * imagePixels * columns) : nil
    let matrix = try dx == nil ? nil : engine.buffers.take(patch * columns)
    let gradient = try dw == nil ? nil : engine.buffers.take(patch * columns)
    defer { for buffer in [patches, sums, matrix, gradient] { if let buffer { engine.buffers.give(back: buffer) } } }
    if let matrix {
      forEachStretch { place, at, count in (matrix.floats + at).update(from: weight + place, count: count) }
    }
    for first in stride(from: 0, to: shape.count, by: group) {
      let images = min(group, shape.count - first), rows = images * imagePixels
      if let sums { rearrange(engine, sums: sums.floats, result: dy + first * resultStride, images, isForward: false) }
      let d = Matrix(values: sums?.floats ?? dy + first * resultStride, stride: columns)
      if let db { try engine.addColumnSums(d.values, rows: rows, columns: columns, to: db) }
      if let gradient {
        try engine.measured(.weights, share: Double(images) / Double(shape.count)) { () throws(LiaeError) in
          if let patches { gather(engine, x + first * inputStride, images, patches.floats) }
          try engine.product(
            Matrix(values: patches?.floats ?? x + first * inputStride, stride: patch, isTransposed: true), d,
            rows: patch, columns: columns, inner: rows, adding: first > 0, into: gradient.floats, stride: columns)
        }
      }
      if let dx, let matrix {
        let target = dx.pointer + first * inputStride
        try engine.measured(.input, share: Double(images) / Double(shape.count)) { () throws(LiaeError) in
          if dx.isFresh && patches != nil { engine.clear(target, images * inputStride) }
          try engine.product(
            d, Matrix(values: matrix.floats, stride: columns, isTransposed: true), rows: rows, columns: patch,
            inner: columns,
            adding: isPointwise && !dx.isFresh, into: patches?.floats ?? target, stride: patch)
          if let patches { scatter(engine, patches.floats, images, target) }
        }
      }
    }
    if let gradient, let dw {
      forEachStretch { place, at, count in
        let source = UnsafePointer(gradient.floats + at)
        if dw.isFresh {
          (dw.pointer + place).update(from: source, count: count)
        } else {
          engine.kernels.addScaled(source, 1, dw.pointer + place, count)
        }
      }
    }
  }

  /// Calls `body(place in the layout of the weights, place in the matrix (patch, outputs), floats)`.
  private func forEachStretch(_ body: (_ place: Int, _ at: Int, _ count: Int) -> Void) {
    shape.layout.forEachStretch { tap, input, output, place, count in
      body(place, (tap * shape.inputChannels + input) * shape.outputChannels + output, count)
    }
  }

  // MARK: - Patches

  /// Calls `body(input offset, patch offset, floats)` for what of the kernel's row `ky` lies in the picture, of each pixel
  /// of row `row` of the output.
  @inline(__always)
  private func spans(_ row: Int, _ body: (_ input: Int?, _ patch: Int, _ floats: Int) -> Void) {
    let c = shape.inputChannels, k = shape.kernel
    for x in 0..<shape.outputWidth {
      let begin = (row * shape.outputWidth + x) * patch, left = x * shape.stride - shape.padding
      let from = max(0, -left), to = min(k, shape.inputWidth - left)
      for ky in 0..<k {
        let y = row * shape.stride + ky - shape.padding, line = begin + ky * k * c
        guard y >= 0, y < shape.inputHeight, from < to else {
          body(nil, line, k * c)
          continue
        }
        if from > 0 { body(nil, line, from * c) }
        body((y * shape.inputWidth + left + from) * c, line + from * c, (to - from) * c)
        if to < k { body(nil, line + to * c, (k - to) * c) }
      }
    }
  }

  private func gather(
    _ engine: Engine, _ x: UnsafePointer<Float>, _ images: Int, _ patches: UnsafeMutablePointer<Float>
  ) {
    engine.parallel(images * shape.outputHeight) { index in
      let image = index / shape.outputHeight
      let source = x + image * inputStride, target = patches + image * imagePixels * patch
      spans(index % shape.outputHeight) { input, at, floats in
        if let input {
          (target + at).update(from: source + input, count: floats)
        } else {
          (target + at).update(repeating: 0, count: floats)
        }
      }
    }
  }

  /// Patches overlap, so that tasks share images and channels, not rows.
  private func scatter(
    _ engine: Engine, _ patches: UnsafeMutablePointer<Float>, _ images: Int, _ dx: UnsafeMutablePointer<Float>
  ) {
    engine.parallel(images) { image in
      let target = dx + image * inputStride, source = patches + image * imagePixels * patch
      for row in 0..<shape.outputHeight {
        spans(row) { input, at, floats in
          if let input { engine.kernels.addScaled(source + at, 1, target + input, floats) }
        }
      }
    }
  }

  // MARK: - After the product

  private func finish(_ engine: Engine, _ y: UnsafeMutablePointer<Float>, rows: Int, _ epilogue: TrainingEpilogue) {
    let columns = shape.outputChannels, piece = max(1, (1 << 14) / columns)
    engine.parallel((rows + piece - 1) / piece) { index in
      let from = index * piece
      var e = epilogue
      e.residual = e.residual.map { $0 + from * columns }
      withUnsafePointer(to: e) {
        engine.kernels.finishRows($0, y + from * columns, min(piece, rows - from), columns)
      }
    }
  }

  /// Sums (pixel, quarter, channel) to the result's pixels or back.
  private func rearrange(
    _ engine: Engine, sums: UnsafeMutablePointer<Float>, result: UnsafeMutablePointer<Float>, _ images: Int,
    isForward: Bool
  ) {
    let c = shape.resultChannels
    engine.forEachQuarter(rows: images * shape.outputHeight, width: shape.outputWidth, channels: c) { quarter, pixel in
      if isForward {
        (result + pixel).update(from: sums + quarter, count: c)
      } else {
        (sums + quarter).update(from: result + pixel, count: c)
      }
    }
  }
}

extension Engine {
  /// d, times slope where y is not positive: through a leaky ReLU whose output is y, in place. Slope 1 is none.
  func leakyBack(_ d: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>, _ slope: Float, _ count: Int) {
    if slope == 1 { return }
    parallel(elements: count) { from, count in kernels.leakyBack(d + from, y + from, slope, count) }
  }

  /// Adds the sum over rows of (rows, columns) to `sums`.
  func addColumnSums(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, to sums: UnsafeMutablePointer<Float>
  ) throws(LiaeError) {
    // Pieces whose number follows from the size alone, added in order.
    let pieces = min(rows, 16)
    try withBuffer(pieces * columns) { partial throws(LiaeError) in
      partial.update(repeating: 0, count: pieces * columns)
      parallel(pieces) { piece in
        let from = piece * rows / pieces, to = (piece + 1) * rows / pieces
        kernels.columnSums(x + from * columns, to - from, columns, partial + piece * columns)
      }
      for piece in 0..<pieces { kernels.addScaled(partial + piece * columns, 1, sums, columns) }
    }
  }
}
