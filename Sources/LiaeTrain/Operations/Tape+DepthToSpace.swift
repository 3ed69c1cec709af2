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
    /// Calls `body(element of x, element of y)` for the elements of one row of pixels of x.
    func forEach(_ row: Int, _ body: (_ x: Int, _ y: Int) -> Void) {
      for column in 0..<x.width {
        let from = (row * x.width + column) * 4 * c
        for quarter in 0..<4 {
          let to = ((2 * row + quarter / 2) * y.width + 2 * column + quarter % 2) * c
          for channel in 0..<c { body(from + quarter * c + channel, to + channel) }
        }
      }
    }
    let rows = x.count * x.height
    engine.parallel(rows) { row in forEach(row) { y.value[$1] = x.value[$0] } }
    record(y) { [engine] () throws(LiaeError) in
      let dy = try y.gradient(), dx = try x.gradientToWrite()
      engine.parallel(rows) { row in
        forEach(row) { dx.pointer[$0] = dx.isFresh ? dy[$1] : dx.pointer[$0] + dy[$1] }
      }
    }
    return y
  }
}
