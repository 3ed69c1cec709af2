// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeKernels
import LiaeSystem

/// A filter response norm with its threshold, in place.
///
/// Sums of squares are made for strips of rows, whose number does not depend on that of the threads, and added in double:
/// a mean over 65536 pixels in float32 would cost the mask a thousandth.
final class ResponseNormStep: Step {
  private let norm: PackedResponseNorm
  private let pixels: ActivationView
  private let side, images: Int
  /// (images, blocks, strips, W).
  private let sums: UnsafeMutablePointer<Float>
  /// True while the region that sums is run, false in the one that scales.
  private var summing = false
  private static let rowsPerStrip = 16

  /// - Parameter sums: `sumFloats` of memory for this step alone.
  init(
    _ norm: PackedResponseNorm, pixels: ActivationView, side: Int, images: Int, sums: UnsafeMutablePointer<Float>,
    part: String
  ) {
    (self.norm, self.pixels, self.side, self.images, self.sums) = (norm, pixels, side, images, sums)
    super.init("\(norm.block).frn", algorithm: "norm", weightBytes: norm.bytes, part: part)
  }

  /// Floats of memory for the sums of a step; nil where they do not fit in the address space.
  static func sumFloats(_ norm: PackedResponseNorm, side: Int, images: Int) -> Int? {
    CheckedSize.product([images, roundUp(norm.channels, norm.width), strips(side)])
  }

  private static func strips(_ side: Int) -> Int { (side + rowsPerStrip - 1) / rowsPerStrip }
  private var strips: Int { Self.strips(side) }
  private var blocks: Int { ActivationBuffer.blocks(norm.channels, norm.width) }

  override func execute(_ state: RunState) {
    summing = true
    parallel(images * blocks * strips, state)
    summing = false
    parallel(images * blocks * strips, state)
  }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    let plane = index / strips, strip = index % strips, block = plane % blocks
    let row = strip * Self.rowsPerStrip
    let start = pixels.origin + plane / blocks * pixels.image + block * pixels.plane + row * pixels.row
    let rows = min(Self.rowsPerStrip, side - row), width = norm.width
    if summing {
      state.kernels.squareSums(start, pixels.row, side, rows, sums + index * width)
      return
    }
    let factors = state.workspace.scratch(worker)
    let count = Double(side * side)
    for lane in 0..<width {
      var sum = 0.0
      for strip in 0..<strips { sum += Double(sums[(plane * strips + strip) * width + lane]) }
      let weight = norm.weight[block * width + lane]
      // Padded channels have no weight, and their mean may be zero as the epsilon may.
      factors[lane] = weight == 0 ? 0 : Float(Double(weight) / (sum / count + norm.epsilon).squareRoot())
      factors[width + lane] = norm.bias[block * width + lane]
      factors[2 * width + lane] = norm.threshold[block * width + lane]
    }
    state.kernels.scaleAndThreshold(start, pixels.row, side, rows, factors)
  }
}

/// A blur pool of stride 2.
final class BlurPoolStep: Step {
  private let source, target: ActivationView
  private let blocks, side, images, size: Int
  private let taps: Table<Float>
  private static let rowsPerTask = 8

  /// - Parameter side: of the result, pixels.
  init(
    _ name: String, size: Int, source: ActivationView, target: ActivationView, channels: Int, side: Int, images: Int,
    width: Int, part: String
  ) {
    (self.source, self.target, self.side, self.images, self.size) = (source, target, side, images, size)
    blocks = ActivationBuffer.blocks(channels, width)
    taps = Table(size == 4 ? [0.125, 0.375, 0.375, 0.125] : size == 3 ? [0.25, 0.5, 0.25] : [0.5, 0.5])
    super.init(name, algorithm: "pool", part: part)
  }

  private var parts: Int { (side + Self.rowsPerTask - 1) / Self.rowsPerTask }

  override func execute(_ state: RunState) { parallel(images * blocks * parts, state) }

  override func task(_ index: Int, _ worker: Int, _ state: RunState) {
    let plane = index / parts, image = plane / blocks, block = plane % blocks
    let row = index % parts * Self.rowsPerTask
    state.kernels.blurPool(
      source.origin + image * source.image + block * source.plane + 2 * row * source.row, source.row,
      target.origin + image * target.image + block * target.plane + row * target.row, target.row, side,
      min(Self.rowsPerTask, side - row), taps.pointer, size)
  }
}
