// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution

/// The pictures of a batch, channels last, as a 3x3 convolution reads or writes them: whole, or as four phases, each of
/// which is every second pixel of every second row. A stride of 2 reads phases, depth-to-space writes them.
struct PhasedPicture {
  /// 1 or 4.
  let phases: Int
  /// The side of one phase, pixels.
  let side: Int
  let channels: Int
  let width: Int

  /// A vector of channels of one phase.
  struct Vector {
    /// Index of the phase, its first channel, and how many channels there are.
    let phase, channel, lanes: Int
    /// Floats from the first pixel of the picture.
    let offset: Int
  }

  /// Floats from one pixel, row and image of the picture to the next.
  var pixel: Int { channels }
  var row: Int { side * pixelStride * channels }
  var image: Int { side * pixelStride * row }
  /// Pixels of the picture between neighbours of a phase.
  var pixelStride: Int { phases == 4 ? 2 : 1 }

  /// Row and column of the first pixel of a phase.
  func place(_ phase: Int) -> (row: Int, column: Int) { WinogradPhases.place(phase, of: phases) }
  var pictures: WinogradTiles.Pictures {
    WinogradTiles.Pictures(image: image, row: row, pixel: pixel, stride: pixelStride)
  }

  var vectorsOfPhase: Int { roundUp(channels, width) / width }
  /// Summed channels of a phase, as they are packed.
  var packedChannels: Int { phases == 4 ? roundUp(channels, width) : channels }

  /// Phase by phase.
  var vectors: [Vector] {
    (0..<phases).flatMap { phase in
      let (y, x) = place(phase)
      return stride(from: 0, to: channels, by: width).map { channel in
        Vector(
          phase: phase, channel: channel, lanes: min(width, channels - channel),
          offset: y * row + x * pixel + channel)
      }
    }
  }
}
