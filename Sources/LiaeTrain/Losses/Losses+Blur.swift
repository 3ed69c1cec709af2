// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Losses {
  /// DeepFaceLab's Gaussian blur of each channel, with zeros outside: borders darken. `out` may not be `input`.
  ///
  /// The filter is symmetric and so its own adjoint: blurring a derivative by the result gives that by the input.
  package func blur(_ input: Tensor, sigma: Double, into out: Tensor) throws(LiaeError) {
    let kernel = try blurKernel(sigma)
    let (height, channels) = (input.height, input.channels)
    let row = input.width * channels
    let half = kernel.size / 2
    // A filtered row of zeros, pixels, zeros for every band.
    let length = row + 2 * half * channels
    let bandsPerSample = (height + Self.band - 1) / Self.band
    let rows = try scratch(input.count * bandsPerSample * length)
    bands(input.count, height: height) { sample, from, to in
      let line = rows.value + (sample * bandsPerSample + from / Self.band) * length
      line.update(repeating: 0, count: length)
      for y in from..<to {
        let (first, last) = (max(0, y - half), min(height - 1, y + half))
        correlate(
          input.value + (sample * input.stride + first * row), step: row, taps: kernel.taps + (first - y + half),
          size: last - first + 1, into: line + half * channels, count: row)
        correlate(
          line, step: channels, taps: kernel.taps, size: kernel.size,
          into: out.value + (sample * input.stride + y * row), count: row)
      }
    }
    withExtendedLifetime(rows) {}
  }
}
