// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernels
import LiaeSystem
import LiaeTensor

/// Where the taps of a convolution stand, `TapParameters.taps`, and how they get there.
///
/// The first half of a decoder's code needs W1 + W2, which 16 bits cannot hold. In 16 bits W1 stands there and W2, which
/// is stored anyway, is added when it is widened: as many bytes are read as of a float32 sum, and half as many are kept.
struct TapLayout {
  private let layer: ConvolutionLayer
  private let element: DType
  private let phases, phaseChannels, blockVectors, points, width: Int

  init(
    _ layer: ConvolutionLayer, stored: WeightStorage, phases: Int, phaseChannels: Int,
    blockVectors: Int, points: Int, width: Int
  ) {
    (self.layer, self.phases, self.phaseChannels) = (layer, phases, phaseChannels)
    (self.blockVectors, self.points, self.width) = (blockVectors, points, width)
    if case .taps(let element) = stored { self.element = element } else { element = .float32 }
  }

  /// Channels that are the sum of two, where the sum is left to the kernel.
  private var foldedChannels: Int {
    layer.source == .halves && element != .float32 ? roundUp(layer.inputChannels / 2, width) : 0
  }

  func parameters(taps: UnsafeRawPointer, factors: UnsafePointer<Float>) -> TapParameters {
    var p = TapParameters(taps: taps, factors: factors)
    p.element = element.weightElement
    (p.phases, p.phaseChannels, p.foldedChannels) = (phases, phaseChannels, foldedChannels)
    (p.blockVectors, p.points) = (blockVectors, points)
    return p
  }

  /// nil where they do not fit in the address space.
  func bytes(blocks: Int) -> Int? {
    CheckedSize.product([blocks, layer.kernel * layer.kernel, phaseChannels, blockVectors, width, element.size])
  }

  /// - Parameter output: for each packed output channel the channel it is, or -1.
  func pack(_ weights: TensorView, output: [Int32], pool: ThreadPool, into target: UnsafeMutableRawPointer)
    throws(LiaeError)
  {
    defer { withExtendedLifetime(weights) {} }
    guard weights.dtype == element, let source = weights.raw.baseAddress else {
      throw LiaeError(.internalError, "\(layer.name) holds \(weights.dtype.rawValue), not \(element.rawValue)")
    }
    // The pointers in `parameters` are not followed here.
    var job = TapJob(packing: packing(source, output: output, of: target), target: target)
    withUnsafeMutablePointer(to: &job) { job in
      pool.run(output.count / (blockVectors * width), UnsafeMutableRawPointer(job)) { raw, block, _ in
        let job = raw.assumingMemoryBound(to: TapJob.self).pointee
        job.packing.pack(block: block, at: block, into: job.target)
      }
    }
  }

  /// - Parameter taps: where they go.
  func packing(_ source: UnsafeRawPointer, output: [Int32], of taps: UnsafeMutableRawPointer) -> TapPacking {
    TapPacking(
      layer,
      layout: parameters(
        taps: UnsafeRawPointer(taps), factors: UnsafePointer(taps.assumingMemoryBound(to: Float.self))),
      source: source, width: width, output: output, addsHalves: foldedChannels == 0)
  }
}

private struct TapJob {
  let packing: TapPacking
  let target: UnsafeMutableRawPointer
}
