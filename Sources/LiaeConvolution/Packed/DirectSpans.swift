// SPDX-License-Identifier: Apache-2.0
import LiaeGraph

/// The spans of scalars that a direct convolution reads for one pixel.
enum DirectSpans {
  struct Visit { let tap, channel, length, kernelRow, kernelColumn, block: Int }

  /// Lists the spans in the order of the sum: part of the input, kernel row, kernel column, block of channels.
  static func visit(_ layer: ConvolutionLayer, _ width: Int) -> [Visit] {
    let k = layer.kernel
    if layer.source == .picture {
      return (0..<k).map {
        Visit(tap: $0 * k, channel: 0, length: k * layer.inputChannels, kernelRow: $0, kernelColumn: 0, block: 0)
      }
    }
    var visits: [Visit] = []
    var first = 0
    for channels in layer.inputParts {
      let blocks = (channels + width - 1) / width
      for y in 0..<k {
        for x in 0..<k {
          for block in 0..<blocks {
            visits.append(
              Visit(
                tap: y * k + x, channel: (first + block) * width, length: min(width, channels - block * width),
                kernelRow: y, kernelColumn: x, block: first + block))
          }
        }
      }
      first += blocks
    }
    return visits
  }
}
