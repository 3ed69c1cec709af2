// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor

// Between the pictures of files and the canvases of LiaeFrame, neither of which knows the other.

extension Picture {
  init(_ colors: ColorCanvas, format: PixelFormat) throws(LiaeError) {
    try self.init(width: colors.width, height: colors.height, format: format)
    colors.write(toWhole: mutableView)
    withExtendedLifetime(self) {}
  }

  init(_ mask: MaskCanvas, format: PixelFormat) throws(LiaeError) {
    try self.init(width: mask.width, height: mask.height, format: format)
    mask.write(toWhole: mutableView)
    withExtendedLifetime(self) {}
  }
}

extension Canvas where Pixel == LiaeFrame.Color {
  convenience init(_ picture: Picture) throws(LiaeError) {
    defer { withExtendedLifetime(picture) {} }
    try self.init(reading: picture.view)
  }
}

extension Canvas where Pixel == Float {
  convenience init(_ picture: Picture) throws(LiaeError) {
    defer { withExtendedLifetime(picture) {} }
    try self.init(reading: picture.view)
  }
}
