// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Losses at the outputs of a network.
///
/// Each compares a prediction with constants, adds a value for each sample to `values`, and adds the derivative of the
/// values' SUM over the batch by the prediction to `prediction.gradient()`, both times `weight`. Results do not depend
/// on the number of threads. Of one thread at a time. Source: DeepFaceLab's SAEHD.
package final class Losses {
  let engine: Engine
  private var windows: [Int: FilterKernel] = [:]
  private var blurs: [Double: FilterKernel] = [:]
  private var partial: [Double] = []

  package init(engine: Engine) { self.engine = engine }

  /// The window of structural similarity: deviation 1.5 whatever the size, which may be even.
  func window(_ size: Int) throws(LiaeError) -> FilterKernel {
    if let kernel = windows[size] { return kernel }
    let kernel = try FilterKernel(size: size, sigma: 1.5)
    windows[size] = kernel
    return kernel
  }

  func blurKernel(_ sigma: Double) throws(LiaeError) -> FilterKernel {
    if let kernel = blurs[sigma] { return kernel }
    let kernel = try FilterKernel(size: FilterKernel.blurSize(sigma), sigma: sigma)
    blurs[sigma] = kernel
    return kernel
  }

  /// A tensor for the meantime.
  func scratch(_ floats: Int) throws(LiaeError) -> Tensor {
    try Tensor(engine, count: 1, channels: floats, isDifferentiable: false)
  }

  /// A constant of the same size as `tensor`.
  func constant(like tensor: Tensor) throws(LiaeError) -> Tensor {
    try Tensor(
      engine, count: tensor.count, height: tensor.height, width: tensor.width, channels: tensor.channels,
      isDifferentiable: false)
  }

  /// Rows that one thread takes at a time.
  static let band = 16

  /// Runs `body(sample, first row, end row)` for bands of rows on all threads.
  func bands(_ count: Int, height: Int, _ body: (_ sample: Int, _ from: Int, _ to: Int) -> Void) {
    let bands = (height + Self.band - 1) / Self.band
    engine.parallel(count * bands) { task in
      let from = task % bands * Self.band
      body(task / bands, from, min(from + Self.band, height))
    }
  }

  /// Adds `scale` times the sum of what `body` returns for each band of a sample to the sample's value.
  func sum(
    _ count: Int, height: Int, scale: Double, into values: inout [Double],
    _ body: (_ sample: Int, _ from: Int, _ to: Int) -> Double
  ) {
    let perSample = (height + Self.band - 1) / Self.band
    if partial.count < count * perSample { partial = Array(repeating: 0, count: count * perSample) }
    partial.withUnsafeMutableBufferPointer { partial in
      nonisolated(unsafe) let sums = partial.baseAddress
      bands(count, height: height) { sample, from, to in
        sums?[sample * perSample + from / Self.band] = body(sample, from, to)
      }
      for sample in 0..<count {
        values[sample] += scale * partial[sample * perSample..<(sample + 1) * perSample].reduce(0, +)
      }
    }
  }

  static func check(_ prediction: Tensor, _ others: Tensor?..., values: [Double]) {
    for case .some(let other) in others {
      precondition(
        other.count == prediction.count && other.height == prediction.height && other.width == prediction.width)
    }
    precondition(values.count == prediction.count)
  }
}
