// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeKernels
import LiaeSystem

/// A convolution of 3x3, or of 5x5 with stride 2, by Winograd's minimal filtering, forwards and backwards.
///
/// The derivative by the input is a convolution of the same kind, with the kernel turned by half a turn and inputs and
/// outputs exchanged; that by the weights sums products of transformed inputs and derivatives over the tiles.
final class WinogradConvolution: ConvolutionMethod {
  private let shape: ConvolutionShape
  private let forwards, backwards: WinogradPass
  private let width: Int
  let multiplications: Double
  var name: String { "F\(forwards.tileSize)" }

  /// - Parameters:
  ///   - workers: threads that will run it.
  ///   - multiplications: of one pass.
  init(
    _ shape: ConvolutionShape, tileSize: Int, kernels: TrainingKernelTable, workers: Int, multiplications: Double
  ) {
    let width = kernels.width
    (self.shape, self.width, self.multiplications) = (shape, width, multiplications)
    let isStrided = shape.stride == 2
    let source = PhasedPicture(
      phases: isStrided ? 4 : 1, side: shape.inputHeight / shape.stride, channels: shape.inputChannels, width: width)
    let target = PhasedPicture(
      phases: shape.depthToSpace ? 4 : 1, side: shape.outputHeight, channels: shape.resultChannels, width: width)
    /// The taps between a phase of the input and any quarter of the result.
    func taps(_ phase: (row: Int, column: Int)) -> [Int] {
      (0..<9).map { i in
        let y = isStrided ? 2 * (i / 3) + phase.row : i / 3, x = isStrided ? 2 * (i % 3) + phase.column : i % 3
        return y < shape.kernel && x < shape.kernel ? y * shape.kernel + x : -1
      }
    }
    let padding = isStrided ? 1 : shape.padding
    forwards = WinogradPass(
      source: source, target: target, padding: padding, images: shape.count, tileSize: tileSize, layout: shape.layout,
      isTurned: false, kernels: kernels, workers: workers
    ) { phase, _ in taps(phase) }
    backwards = WinogradPass(
      source: target, target: source, padding: 2 - padding, images: shape.count, tileSize: tileSize,
      layout: shape.layout, isTurned: true, kernels: kernels, workers: workers
    ) { _, phase in taps(phase).reversed() }
  }

  /// Tiles that fit a shape: those of 2 and 4.
  static func families(_ shape: ConvolutionShape) -> [Int] {
    guard shape.inputHeight == shape.inputWidth, shape.outputHeight == shape.outputWidth else { return [] }
    switch (shape.kernel, shape.stride) {
    case (3, 1) where shape.padding <= 2 && shape.outputHeight == shape.inputHeight + 2 * shape.padding - 2: break
    case (5, 2) where shape.padding == 2 && shape.inputHeight % 2 == 0: break
    default: return []
    }
    // Quarters of a few channels leave most of a vector empty.
    if shape.inputChannels < 8 || shape.resultChannels < 8 { return [] }
    let sides = [shape.outputHeight, shape.inputHeight / shape.stride]
    return [2, 4].filter { tileSize in sides.allSatisfy { WinogradGeometry.axis(side: $0, tileSize: tileSize) != nil } }
  }

  func forward(
    _ engine: Engine, x: UnsafeMutablePointer<Float>, weight: UnsafeMutablePointer<Float>, _ epilogue: TrainingEpilogue,
    y: UnsafeMutablePointer<Float>
  ) throws(LiaeError) {
    let floats = forwards.columnBlocks * forwards.blockVectors * width
    try engine.withBuffer(floats) { bias throws(LiaeError) in
      bias.update(repeating: 0, count: floats)
      if let values = epilogue.bias {
        forEachLane { packed, channel in bias[packed] = values[channel] }
      }
      try engine.measured(.forward) { () throws(LiaeError) in
        try forwards.run(
          engine, x: x, weights: weight, bias: bias, residual: epilogue.residual, slope: epilogue.slope, y: y)
      }
    }
  }

  func backward(
    _ engine: Engine, x: UnsafeMutablePointer<Float>, weight: UnsafeMutablePointer<Float>,
    y: UnsafeMutablePointer<Float>, dy: UnsafeMutablePointer<Float>, slope: Float, dx: Gradient?,
    dw: Gradient?, db: UnsafeMutablePointer<Float>?
  ) throws(LiaeError) {
    if let dw {
      let floats = forwards.columnBlocks * forwards.blockVectors * width
      try engine.withBuffer(floats) { sums throws(LiaeError) in
        sums.update(repeating: 0, count: floats)
        try engine.measured(.weights) { () throws(LiaeError) in
          try forwards.runBack(
            engine, x: x, y: y, dy: dy, slope: slope, gradient: dw.pointer, isAdding: !dw.isFresh, bias: sums)
        }
        if let db { forEachLane { packed, channel in db[channel] += sums[packed] } }
      }
    } else {
      engine.leakyBack(dy, y, slope, shape.pixels * shape.outputChannels)
    }
    if let dx {
      try engine.measured(.input) { () throws(LiaeError) in
        try backwards.run(
          engine, x: dy, weights: weight, bias: nil, residual: dx.isFresh ? nil : UnsafePointer(dx.pointer), slope: 1,
          y: dx.pointer)
      }
    }
  }

  /// Calls `body(lane among the padded vectors, output channel)`.
  private func forEachLane(_ body: (_ packed: Int, _ channel: Int) -> Void) {
    for (index, vector) in forwards.vectors.enumerated() {
      let (row, column) = forwards.target.place(vector.phase)
      let first = (row * 2 + column) * shape.resultChannels + vector.channel
      for lane in 0..<vector.lanes { body(index * width + lane, first + lane) }
    }
  }
}
