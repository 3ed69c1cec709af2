// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// Activations of some channels and images, laid out [image][channel / W][y][x][W] with a border of two zero pixels.
///
/// The border makes every convolution read zeros past the edge without asking. Nothing ever writes it.
struct ActivationBuffer {
  let storage: Bytes
  let channels: Int
  let side: Int
  let images: Int
  let width: Int
  let view: ActivationView

  static let border = 2

  /// Blocks of W channels.
  var blocks: Int { (channels + width - 1) / width }
  /// Floats of one image.
  var imageFloats: Int { view.image }

  init(channels: Int, side: Int, images: Int, width: Int) throws(LiaeError) {
    let row = (side + 2 * Self.border) * width
    let plane = row * (side + 2 * Self.border)
    let blocks = (channels + width - 1) / width
    let purpose = "activations of \(channels) channels, \(side) pixels square, \(images) images"
    guard let image = CheckedSize.product(blocks, plane), let all = CheckedSize.product(images, image),
      let bytes = CheckedSize.product(all, 4)
    else { throw LiaeError(.outOfMemory, "out of memory: \(purpose) do not fit in the address space") }
    storage = try Bytes.allocate(bytes, for: purpose)
    (self.channels, self.side, self.images, self.width) = (channels, side, images, width)
    let origin = storage.base.assumingMemoryBound(to: Float.self) + Self.border * row + Self.border * width
    view = ActivationView(origin: origin, row: row, plane: plane, image: image)
  }

  /// The activations from image `first` on.
  func from(image first: Int) -> ActivationView {
    var moved = view
    moved.origin += first * view.image
    return moved
  }
}

/// Hands out buffers and takes them back, so that layers that are not alive together share memory.
///
/// Buffers are reused for the same shape only: another shape would have its border where this one had pixels.
struct BufferPool {
  private struct Shape: Hashable { let blocks, side, images: Int }
  private let width: Int
  private var free: [Shape: [ActivationBuffer]] = [:]
  private(set) var bytes = 0

  init(width: Int) { self.width = width }

  mutating func take(channels: Int, side: Int, images: Int) throws(LiaeError) -> ActivationBuffer {
    let shape = Shape(blocks: (channels + width - 1) / width, side: side, images: images)
    if let buffer = free[shape]?.popLast() { return buffer }
    let buffer = try ActivationBuffer(channels: channels, side: side, images: images, width: width)
    bytes += buffer.storage.count
    return buffer
  }

  mutating func giveBack(_ buffer: ActivationBuffer) {
    free[Shape(blocks: buffer.blocks, side: buffer.side, images: buffer.images), default: []].append(buffer)
  }
}
