// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// Square float images one behind the other, as an (N, H, W, C) array has them.
struct BatchImages {
  let storage: Bytes
  let side: Int
  let format: PixelFormat

  init(count: Int, side: Int, format: PixelFormat) throws(LiaeError) {
    guard let size = CheckedSize.product([count, side, side, format.size]) else {
      throw LiaeError(.limitExceeded, "a batch of \(count) images of \(side) x \(side) pixels")
    }
    storage = try Bytes.allocate(size, for: "the results of \(count) images")
    (self.side, self.format) = (side, format)
  }

  /// `index` must be below the count.
  subscript(index: Int) -> MutableImageView {
    let stride = side * format.size
    return MutableImageView(
      base: storage.base + index * side * stride, width: side, height: side, stride: stride, format: format)
  }
}
