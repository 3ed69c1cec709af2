// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The layout of an image's pixels in memory. 8-bit values are 0...255, float values 0...1.
package enum PixelFormat: Int32, Sendable, CaseIterable {
  case rgb8 = 1, bgr8, rgba8, bgra8, gray8
  case rgbFloat, bgrFloat, rgbaFloat, bgraFloat, grayFloat

  package var channels: Int {
    switch self {
    case .rgb8, .bgr8, .rgbFloat, .bgrFloat: return 3
    case .rgba8, .bgra8, .rgbaFloat, .bgraFloat: return 4
    case .gray8, .grayFloat: return 1
    }
  }
  package var isFloat: Bool { rawValue >= PixelFormat.rgbFloat.rawValue }
  /// Bytes of one pixel.
  package var size: Int { channels * (isFloat ? 4 : 1) }
  /// True if the first colour channel is blue.
  package var isBlueFirst: Bool {
    switch self {
    case .bgr8, .bgra8, .bgrFloat, .bgraFloat: return true
    default: return false
    }
  }
}

/// Colour order of the three channels that a network was trained on.
package enum ColorOrder: String, CaseIterable, Sendable { case rgb, bgr }

/// An image described, not owned: who holds the description keeps the memory valid for the call.
package struct ImageView {
  package var base: UnsafeRawPointer
  package var width: Int
  package var height: Int
  /// Bytes from one row to the next.
  package var stride: Int
  package var format: PixelFormat

  package init(base: UnsafeRawPointer, width: Int, height: Int, stride: Int, format: PixelFormat) {
    (self.base, self.width, self.height, self.stride, self.format) = (base, width, height, stride, format)
  }
}

/// An image to be written, described as `ImageView` is.
package struct MutableImageView {
  package var base: UnsafeMutableRawPointer
  package var width: Int
  package var height: Int
  package var stride: Int
  package var format: PixelFormat

  package init(base: UnsafeMutableRawPointer, width: Int, height: Int, stride: Int, format: PixelFormat) {
    (self.base, self.width, self.height, self.stride, self.format) = (base, width, height, stride, format)
  }
}

extension ImageView {
  package init(_ image: MutableImageView) {
    self.init(base: image.base, width: image.width, height: image.height, stride: image.stride, format: image.format)
  }
}
