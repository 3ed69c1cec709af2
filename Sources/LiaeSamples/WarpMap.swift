// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// The source position of each pixel of a bent picture: a coarse grid whose inner nodes are moved at random,
/// interpolated. Source: gen_warp_params of DeepFaceLab.
package struct WarpMap: Sendable {
  package let x: MaskCanvas
  package let y: MaskCanvas

  /// `y` is `x` with rows and columns exchanged.
  ///
  /// - Throws: `outOfMemory`.
  package init(x: MaskCanvas) throws(LiaeError) {
    self.x = x
    y = try MaskCanvas(width: x.height, height: x.width)
    for row in 0..<x.height {
      for column in 0..<x.width { y.pixels[column * y.width + row] = x.pixels[row * x.width + column] }
    }
    withExtendedLifetime(x) {}
  }

  /// DeepFaceLab's two coordinates share their memory, so that each of two noises moves both, one of them transposed.
  /// Without noise the map is x + 0.5: the picture comes out half a pixel further up and left.
  ///
  /// - Parameters:
  ///   - side: of the picture, a multiple of `cell`.
  ///   - cell: distance of the nodes, pixels, even.
  ///   - noise: two of (side / cell - 1)² numbers within ±1, row by row; 1 moves a node by 0.24 cells.
  /// - Throws: `limitExceeded`, `outOfMemory`.
  package init(side: Int, cell: Int, noise: (first: [Float], second: [Float])) throws(LiaeError) {
    let nodes = side / cell + 1
    let inner = nodes - 2
    let grid = try MaskCanvas(width: nodes, height: nodes)
    for row in 0..<nodes {
      for column in 0..<nodes {
        var position = Float(column * cell)
        if (1...inner).contains(row), (1...inner).contains(column) {
          let (i, j) = (row - 1, column - 1)
          position += 0.24 * Float(cell) * (noise.first[i * inner + j] + noise.second[j * inner + i])
        }
        grid[column, row] = position
      }
    }
    let wide = try grid.resized(width: side + cell, height: side + cell, interpolation: .linear)
    let x = try MaskCanvas(width: side, height: side)
    for row in 0..<side {
      let source = wide.pixels + (row + cell / 2) * wide.width + cell / 2
      (x.pixels + row * side).update(from: source, count: side)
    }
    withExtendedLifetime(wide) {}
    try self.init(x: x)
  }

  /// A map as DeepFaceLab draws it: cells of a half, a quarter or an eighth of the side.
  ///
  /// - Parameter side: a multiple of 16.
  init(side: Int, drawing generator: inout SplitMix64) throws(LiaeError) {
    let cell = [side / 2, side / 4, side / 8][Int(generator.next() % 3)]
    let inner = side / cell - 1
    // All of the first before the second.
    let first = (0..<inner * inner).map { _ in generator.truncatedNormal() }
    let second = (0..<inner * inner).map { _ in generator.truncatedNormal() }
    try self.init(side: side, cell: cell, noise: (first, second))
  }
}
