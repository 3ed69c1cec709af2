// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// A disc that fades towards its edge: 1 up to a distance from its centre, and from there down to 0.
struct FadedDisc {
  private let center: SIMD2<Float>
  private let start, fade: Float

  /// A random one of a picture: whole pixels, the start within the picture's side and the fade from there to the side.
  init(side: Int, drawing generator: inout SplitMix64) {
    center = SIMD2(Float(generator.whole(0..<side)), Float(generator.whole(0..<side)))
    let start = generator.whole(0..<side)
    self.start = Float(start)
    fade = Float(max(1, generator.whole(start..<side)))
  }

  /// Mixes `changed` into `image`, by the disc's weight at each pixel.
  func blend(_ changed: ColorCanvas, into image: ColorCanvas) {
    for y in 0..<image.height {
      for x in 0..<image.width {
        let offset = SIMD2(Float(x), Float(y)) - center
        let distance = (offset * offset).sum().squareRoot()
        let weight = (1 - (distance - start) / fade).clamped
        let i = y * image.width + x
        image.pixels[i] = image.pixels[i] * (1 - weight) + changed.pixels[i] * weight
      }
    }
    withExtendedLifetime((changed, image)) {}
  }
}

extension SplitMix64 {
  /// Uniform in a range that is not empty.
  mutating func whole(_ range: Range<Int>) -> Int {
    range.lowerBound + Int(next().multipliedFullWidth(by: UInt64(range.count)).high)
  }

  mutating func isHead() -> Bool { next() >> 63 == 1 }
}
