// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Tape {
  /// m a + (1 - m) b: the channels of `a` where the mask is 1, those of `b` where it is 0.
  ///
  /// - Parameters:
  ///   - mask: m, constant, (count, 1, 1, channels): the same at every pixel of an image.
  /// - Throws: `outOfMemory`.
  package func mixChannels(_ a: Tensor, _ b: Tensor, by mask: Tensor) throws(LiaeError) -> Tensor {
    let (count, channels, stride) = (a.count, a.channels, a.stride)
    precondition((b.count, b.stride, b.channels) == (count, stride, channels))
    precondition(mask.count == count && mask.stride == channels)
    let y = try Tensor(
      engine, count: count, height: a.height, width: a.width, channels: channels,
      isDifferentiable: a.isDifferentiable || b.isDifferentiable)
    /// Calls `body(element, factor)` for the elements of one row of pixels.
    func forEach(_ row: Int, _ body: (_ element: Int, _ factor: Float) -> Void) {
      let m = mask.value + row / a.height * channels
      for pixel in row * a.width..<(row + 1) * a.width {
        for channel in 0..<channels { body(pixel * channels + channel, m[channel]) }
      }
    }
    let rows = count * a.height
    engine.parallel(rows) { row in forEach(row) { y.value[$0] = $1 * a.value[$0] + (1 - $1) * b.value[$0] } }
    record(y) { [engine] () throws(LiaeError) in
      let dy = try y.gradient()
      if a.isDifferentiable {
        let da = try a.gradient()
        engine.parallel(rows) { row in forEach(row) { da[$0] += $1 * dy[$0] } }
      }
      if b.isDifferentiable {
        let db = try b.gradient()
        engine.parallel(rows) { row in forEach(row) { db[$0] += (1 - $1) * dy[$0] } }
      }
    }
    return y
  }
}
