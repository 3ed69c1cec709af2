// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernels
import LiaeTensor

/// Brings the taps of a layer from the order of a checkpoint, (out, in, kernel, kernel), into that of `TapParameters.taps`,
/// one vector of output channels at a time.
struct TapPacking {
  /// Elements of the checkpoint, of the type that the layout stores.
  private let source: UnsafeRawPointer
  private let layout: TapParameters
  private let width, inputs, kernelTaps: Int
  /// For each packed input channel the channel that it is, and one that is added to it; for each packed output channel the
  /// channel that it is; -1 for none.
  private let input, added, output: [Int32]
  /// For each phase the places of its taps in the kernel.
  private let places: [[Int]]

  /// - Parameters:
  ///   - layout: whose pointers are not followed.
  ///   - addsHalves: channels that are the sum of two are stored as that sum; else the kernel adds them.
  init(
    _ layer: ConvolutionLayer, layout: TapParameters, source: UnsafeRawPointer, width: Int, output: [Int32],
    addsHalves: Bool
  ) {
    (self.layout, self.source, self.width, self.output) = (layout, source, width, output)
    (inputs, kernelTaps) = (layer.inputChannels, layer.kernel * layer.kernel)
    let (input, added) = PackedConvolution.inputTables(layer, width, layout.phaseChannels)
    (self.input, self.added) = (input, addsHalves ? added : [Int32](repeating: -1, count: input.count))
    places = (0..<layout.phases).map { phase in
      guard layout.phases == 4 else { return Array(0..<9) }
      // A stride of 2 pads with 2 pixels, so that taps of even rows meet even rows of the picture.
      let first = WinogradPhases.place(phase, of: 4)
      return stride(from: first.row, to: 5, by: 2).flatMap { y in
        stride(from: first.column, to: 5, by: 2).map { y * 5 + $0 }
      }
    }
  }

  /// Packs a column block as the block `place` of `target`; what pads its vectors is left as it is.
  func pack(block: Int, at place: Int, into target: UnsafeMutableRawPointer) {
    for half in 0..<layout.blockVectors {
      let vector = block * layout.blockVectors + half
      guard (vector + 1) * width <= output.count else { return }
      for phase in 0..<layout.phases {
        // As many channels as stay in L1 for all lanes of the vector.
        for first in stride(from: 0, to: layout.phaseChannels, by: 16) {
          let channels = first..<min(first + 16, layout.phaseChannels)
          for lane in 0..<width where output[vector * width + lane] >= 0 {
            let to = layout.offset(width: width, block: place, k: phase * layout.phaseChannels + first)
            pack(
              Int(output[vector * width + lane]), channels, places[phase], to: to + half * width + lane, target)
          }
        }
      }
    }
  }

  private func pack(
    _ out: Int, _ channels: Range<Int>, _ places: [Int], to start: Int, _ target: UnsafeMutableRawPointer
  ) {
    let n = layout.blockVectors * width, isFloat32 = layout.element == WeightElement.float32
    var to = start
    for c in channels {
      guard input[c] >= 0 else {
        to += places.count * n
        continue
      }
      let from = (out * inputs + Int(input[c])) * kernelTaps
      let second = added[c] < 0 ? nil : (out * inputs + Int(added[c])) * kernelTaps
      for tap in places {
        if isFloat32 {
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

  private func float(_ index: Int) -> Float { source.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }
}
