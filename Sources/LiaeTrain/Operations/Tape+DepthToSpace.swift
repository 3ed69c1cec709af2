// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Tape {
  /// (count, height, width, 4 C) to (count, 2 height, 2 width, C) in DCR order: channel (dy * 2 + dx) * C + c becomes channel
  /// c of pixel (2 y + dy, 2 x + dx).
  ///
  /// - Throws: `outOfMemory`.
  package func depthToSpace(_ x: Tensor) throws(LiaeError) -> Tensor {
    let c = x.channels / 4
    precondition(c * 4 == x.channels)
    let y = try Tensor(
      engine, count: x.count, height: 2 * x.height, width: 2 * x.width, channels: c,
      isDifferentiable: x.isDifferentiable)
    engine.forEachQuarter(rows: x.count * x.height, width: x.width, channels: c) { from, to in
      (y.value + to).update(from: x.value + from, count: c)
    }
    record(y) { [engine] () throws(LiaeError) in
      let dy = try y.gradient(), dx = try x.gradientToWrite()
      engine.forEachQuarter(rows: x.count * x.height, width: x.width, channels: c) { to, from in
        if dx.isFresh {
          (dx.pointer + to).update(from: dy + from, count: c)
        } else {
          engine.kernels.addScaled(dy + from, 1, dx.pointer + to, c)
        }
      }
    }
    return y
  }
}

extension Engine {
  /// Calls `body(place among the quarters, place in the result)` for each quarter of each pixel of a depth-to-space in DCR
  /// order, `channels` floats each, on all threads.
  ///
  /// - Parameters:
  ///   - rows: of pixels, of all images. - width: pixels of a row. Both before depth-to-space.
  ///   - channels: of the result.
  func forEachQuarter(rows: Int, width: Int, channels: Int, _ body: (_ quarter: Int, _ pixel: Int) -> Void) {
    parallel(rows) { row in
      for quarter in 0..<4 {
        let line = ((2 * row + quarter / 2) * 2 * width + quarter % 2) * channels
        for x in 0..<width { body(((row * width + x) * 4 + quarter) * channels, line + 2 * x * channels) }
      }
    }
  }
}
