// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

extension Picture {
  /// The picture as it is to be seen, where its file stores it turned or mirrored.
  ///
  /// - Parameter orientation: Exif's number: 2 to 4 keep the sides, 5 to 8 exchange them; 1 is the picture itself.
  func upright(_ orientation: Int) throws(LiaeError) -> Picture {
    guard (2...8).contains(orientation) else { return self }
    let swapsSides = orientation >= 5
    let result = try Picture(width: swapsSides ? height : width, height: swapsSides ? width : height, format: format)
    let size = format.size
    let (source, target) = (storage.base, result.storage.base)
    // Where the first pixel of the result is stored, and the steps from there to its neighbours.
    let (right, down) = (width - 1, height - 1)
    let (x, y, across, along): (Int, Int, (x: Int, y: Int), (x: Int, y: Int))
    switch orientation {
    case 2: (x, y, across, along) = (right, 0, (-1, 0), (0, 1))
    case 3: (x, y, across, along) = (right, down, (-1, 0), (0, -1))
    case 4: (x, y, across, along) = (0, down, (1, 0), (0, -1))
    case 5: (x, y, across, along) = (0, 0, (0, 1), (1, 0))
    case 6: (x, y, across, along) = (0, down, (0, -1), (1, 0))
    case 7: (x, y, across, along) = (right, down, (0, -1), (-1, 0))
    default: (x, y, across, along) = (right, 0, (0, 1), (-1, 0))
    }
    for row in 0..<result.height {
      for column in 0..<result.width {
        let from = (y + row * along.y + column * across.y) * width + x + row * along.x + column * across.x
        (target + (row * result.width + column) * size).copyMemory(from: source + from * size, byteCount: size)
      }
    }
    withExtendedLifetime((self, result)) {}
    return result
  }
}
