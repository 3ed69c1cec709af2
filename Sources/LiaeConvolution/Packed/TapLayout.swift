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
    let (input, added) = PackedConvolution.inputTables(layer, width, phaseChannels)
    // The pointers in `parameters` are not followed here.
    var job = TapJob(
      layout: parameters(
        taps: UnsafeRawPointer(target), factors: UnsafePointer(target.assumingMemoryBound(to: Float.self))),
      source: source, target: target, inputs: layer.inputChannels, kernel: layer.kernel, width: width, input: input,
      added: foldedChannels > 0 ? [] : added, output: output)
    withUnsafeMutablePointer(to: &job) { job in
      pool.run(output.count / width, UnsafeMutableRawPointer(job)) { raw, vector, _ in
        raw.assumingMemoryBound(to: TapJob.self).pointee.pack(vector: vector)
      }
    }
  }
}

/// Packs one vector of output channels at a time.
private struct TapJob {
  let layout: TapParameters
  let source: UnsafeRawPointer
  let target: UnsafeMutableRawPointer
  let inputs, kernel, width: Int
  let input, added, output: [Int32]

  func pack(vector: Int) {
    let n = layout.blockVectors * width
    let block = vector / layout.blockVectors, first = vector % layout.blockVectors * width
    for lane in 0..<width {
      let o = Int(output[vector * width + lane])
      if o < 0 { continue }
      for phase in 0..<layout.phases {
        let taps = phaseTaps(phase)
        for c in 0..<layout.phaseChannels where input[c] >= 0 {
          let from = (o * inputs + Int(input[c])) * kernel * kernel
          let second = added.isEmpty || added[c] < 0 ? nil : (o * inputs + Int(added[c])) * kernel * kernel
          var to = layout.offset(width: width, block: block, k: phase * layout.phaseChannels + c) + first + lane
          for tap in taps {
            if layout.element == WeightElement.float32 {
              var value = float(from + tap)
              if let second { value += float(second + tap) }
              target.storeBytes(of: value, toByteOffset: to * 4, as: Float.self)
            } else {
              let bits = source.loadUnaligned(fromByteOffset: (from + tap) * 2, as: UInt16.self)
              target.storeBytes(of: bits, toByteOffset: to * 2, as: UInt16.self)
            }
            to += n
          }
        }
      }
    }
  }

  private func float(_ index: Int) -> Float { source.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }

  /// Which taps of the kernel a phase has, row by row: all, or every second of a 5x5 kernel.
  private func phaseTaps(_ phase: Int) -> [Int] {
    guard layout.phases == 4 else { return Array(0..<9) }
    // A stride of 2 pads with 2 pixels, so that taps of even rows meet even rows of the picture.
    let first = WinogradPhases.place(phase, of: 4)
    return stride(from: first.row, to: 5, by: 2).flatMap { y in
      stride(from: first.column, to: 5, by: 2).map { y * 5 + $0 }
    }
  }
}
