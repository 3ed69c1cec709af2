// SPDX-License-Identifier: Apache-2.0
import LiaeFrame

extension Canvas {
  /// Exchanges left and right, in place.
  func mirror() {
    for y in 0..<height {
      var row = UnsafeMutableBufferPointer(start: pixels + y * width, count: width)
      row.reverse()
    }
    withExtendedLifetime(self) {}
  }
}
