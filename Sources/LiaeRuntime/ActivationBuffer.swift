// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// Activations of some channels and images, laid out [image][channel / W][y][x][W] with a border of two zero pixels.
///
/// The border makes every convolution read zeros past the edge without asking. Layers write pixels only; where other
/// activations have used the memory, the step that writes the pixels clears their border (`Border`).
struct ActivationBuffer {
  let channels: Int
  let side: Int
  let images: Int
  let width: Int
  let view: ActivationView
  /// Which of the arena's stretches this is.
  let index: Int
  /// Whether the border has to be cleared before it is read.
  let sharesBorder: Bool

  static let border = 2

  /// Blocks of W channels.
  var blocks: Int { Self.blocks(channels, width) }
  /// Floats of one image.
  var imageFloats: Int { view.image }
  /// The first float of the first image, which is border.
  var start: UnsafeMutablePointer<Float> { view.origin - Self.border * (view.row + width) }

  static func blocks(_ channels: Int, _ width: Int) -> Int { (channels + width - 1) / width }

  /// The activations from image `first` on.
  func from(image first: Int) -> ActivationView {
    var moved = view
    moved.origin += first * view.image
    return moved
  }

  /// The border of what a step writes, if it has to be cleared.
  func border(fromImage first: Int, images: Int, channels: Int) -> Border? {
    guard sharesBorder else { return nil }
    return Border(
      view: from(image: first), side: side, width: width, blocks: Self.blocks(channels, width), images: images)
  }
}

/// The border of some activations. Clearing one plane is one task.
struct Border {
  let view: ActivationView
  let side, width, blocks, images: Int

  var planes: Int { images * blocks }

  func clear(plane: Int) {
    let border = ActivationBuffer.border, edge = 2 * border * width
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
