// SPDX-License-Identifier: Apache-2.0
import LiaeGraph

/// Tiles of a square picture.
package enum WinogradGeometry {
  /// 3x3 stride 1 and 5x5 stride 2 on even sides; the RGB input has too few channels to gain, and one output channel would
  /// fill a vector. The weights of a mask's head, which has one, are read as those of a plain sum.
  package static func fits(_ layer: ConvolutionLayer, tileSize: Int) -> Bool {
    let shape =
      (layer.kernel == 3 && layer.stride == 1) || (layer.kernel == 5 && layer.stride == 2 && layer.inputSide % 2 == 0)
    return shape && layer.inputChannels > 3 && layer.outputChannels > 1
      && axis(side: layer.outputSide, tileSize: tileSize) != nil
  }

  package static func fits(_ layer: ConvolutionLayer, _ algorithm: ConvolutionAlgorithm) -> Bool {
    if case .winograd(let tileSize) = algorithm { return fits(layer, tileSize: tileSize) }
    return true
  }

  /// Tiles of one axis: first pixel, size, and how many of the first pixels the tile before has made already. Where tiles
  /// do not divide the side, the last is moved back, so that nothing is read past the border; nil where one is too large.
  package static func axis(side: Int, tileSize: Int) -> [(start: Int, size: Int, skipped: Int)]? {
    let covered = roundUp(side, tileSize == 6 ? 2 : tileSize)
    var fours = 0
    if tileSize == 6 {
      while (covered - 4 * fours) % 6 != 0 || covered - 4 * fours < 0 {
        fours += 1
        if 4 * fours > covered { return nil }
      }
    }
    let large = (covered - 4 * fours) / tileSize
    var tiles: [(start: Int, size: Int, skipped: Int)] = []
    var start = 0
    for index in 0..<large + fours {
      let size = index < large ? tileSize : 4
      tiles.append((start, size, 0))
      start += size
    }
    guard let last = tiles.last, last.start >= covered - side else { return nil }
    tiles[tiles.count - 1] = (last.start - (covered - side), last.size, covered - side)
    return tiles
  }
}

package func roundUp(_ n: Int, _ multiple: Int) -> Int { (n + multiple - 1) / multiple * multiple }
