// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// Layout of the activations of one image: [channel / W][y][x][W] with a border of two zero pixels. Sizes in floats.
///
/// The border makes every convolution read zeros past the edge without asking.
struct ActivationGrid: Equatable {
  let channels, side, width: Int
  let row, plane, image: Int

  static let border = 2

  /// - Throws: `outOfMemory` where it does not fit in the address space.
  init(channels: Int, side: Int, width: Int) throws(LiaeError) {
    (self.channels, self.side, self.width) = (channels, side, width)
    let padded = side + 2 * Self.border
    guard let row = CheckedSize.product(padded, width), let plane = CheckedSize.product(row, padded),
      let image = CheckedSize.product(ActivationBuffer.blocks(channels, width), plane)
    else {
      throw LiaeError(
        .outOfMemory,
        "out of memory: activations of \(channels) channels, \(side) pixels square do not fit in the address space")
    }
    (self.row, self.plane, self.image) = (row, plane, image)
  }
}

/// Activations of some images, one after the other, in memory that something else owns; or some channels of each.
///
/// Layers write pixels only; where other activations have used the memory, the step that writes the pixels clears
/// their border (`Border`).
struct ActivationBuffer {
  let grid: ActivationGrid
  /// The first float of the first image, which is border.
  let start: UnsafeMutablePointer<Float>
  /// Blocks of W channels, of all that stand in an image or of some.
  let blocks: Int

  /// - Parameter blocks: those of an image from `start` on; nil: all.
  init(_ grid: ActivationGrid, at start: UnsafeMutablePointer<Float>, blocks: Int? = nil) {
    (self.grid, self.start) = (grid, start)
    self.blocks = blocks ?? Self.blocks(grid.channels, grid.width)
  }

  var width: Int { grid.width }
  /// Floats from one image to the next.
  var imageFloats: Int { grid.image }
  var view: ActivationView {
    ActivationView(
      origin: start + ActivationGrid.border * (grid.row + grid.width), row: grid.row, plane: grid.plane,
      image: grid.image)
  }

  static func blocks(_ channels: Int, _ width: Int) -> Int { (channels + width - 1) / width }

  func border(images: Int) -> Border {
    Border(view: view, side: grid.side, width: width, blocks: blocks, images: images)
  }
}

/// The border of some activations. Clearing one plane is one task.
struct Border {
  let view: ActivationView
  let side, width, blocks, images: Int

  var planes: Int { images * blocks }

  func clear(plane: Int) {
    let border = ActivationGrid.border, edge = 2 * border * width
    let origin = view.origin + plane / blocks * view.image + plane % blocks * view.plane
    // Rows above and the left of the first row, and the same behind the last; between, the right of a row and the left
    // of the next are neighbours.
    let lines = border * (view.row + width)
    (origin - lines).update(repeating: 0, count: lines)
    for y in 0..<max(0, side - 1) {
      (origin + y * view.row + side * width).update(repeating: 0, count: edge)
    }
    (origin + (side - 1) * view.row + side * width).update(repeating: 0, count: lines)
  }
}
