// SPDX-License-Identifier: Apache-2.0
import LiaeGraph

/// The weights of a convolution to one channel in the order in which the kernels of masks read them.
package final class MaskHeadWeights {
  package let packed: PackedConvolution
  /// Blocks of W channels.
  package let blocks: Int
  private let table: Table<Float>
  private var taps: Int { packed.layer.kernel * packed.layer.kernel }

  /// (kernel row, kernel column, channel), zeros past the last channel of the blocks, and the bias behind them.
  package var pointer: UnsafePointer<Float> { UnsafePointer(table.pointer) }
  package var bias: Float { table.pointer[taps * blocks * packed.width] }

  /// - Parameter packed: the weights of a plain sum.
  package init(_ packed: PackedConvolution) {
    self.packed = packed
    blocks = roundUp(packed.layer.inputChannels, packed.width) / packed.width
    table = Table(
      [Float](repeating: 0, count: packed.layer.kernel * packed.layer.kernel * blocks * packed.width + 1))
  }

  /// Reads the packed weights, which are checked when they are first used and so not read before a run.
  package func load() {
    // A row of them has one vector.
    let channels = packed.layer.inputChannels, row = blocks * packed.width
    for tap in 0..<taps {
      for channel in 0..<channels {
        table.pointer[tap * row + channel] = packed.weights[(tap * channels + channel) * packed.width]
      }
    }
    table.pointer[taps * row] = packed.bias[0]
  }
}

extension PackedConvolution {
  /// True if the kernels can compute the mask behind it in the same pass: a block of output channels has all channels of its
  /// pixels.
  package var takesMaskHead: Bool { tileSize > 0 && layer.depthToSpace && vectors / 4 <= blockVectors }
}
