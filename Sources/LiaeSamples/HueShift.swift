// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// A change of hue, saturation and value of all pixels, by OpenCV's conversions of float pictures. Source:
/// random_hsv_shift of DeepFaceLab.
package struct HueShift: Sendable, Equatable {
  /// Degrees.
  package var hue: Float
  package var saturation: Float
  package var value: Float

  package init(hue: Float, saturation: Float, value: Float) {
    (self.hue, self.saturation, self.value) = (hue, saturation, value)
  }

  /// Hue by whole degrees up to 180 · power (at least 1) either way, the others by up to half of `power`.
  init(power: Float, drawing generator: inout SplitMix64) {
    let largest = max(1, Int(180 * power))
    hue = Float(Int(generator.next() % UInt64(2 * largest + 1)) - largest)
    saturation = (generator.uniform() - 0.5) * power
    value = (generator.uniform() - 0.5) * power
  }

  /// Changes the picture in place; saturation and value are clipped to 0...1, and so is the result.
  package func apply(to image: ColorCanvas) {
    for i in 0..<image.count { image.pixels[i] = shifted(image.pixels[i]) }
    withExtendedLifetime(image) {}
  }

  @inline(__always)
  private func shifted(_ color: Color) -> Color {
    let (blue, green, red) = (color.x, color.y, color.z)
    let (most, least) = (max(blue, green, red), min(blue, green, red))
    // OpenCV's guards against division by 0.
    let tiny = Float.ulpOfOne
    var s = (most - least) / (abs(most) + tiny)
    let scale = 60 / (most - least + tiny)
    var h =
      most == red ? (green - blue) * scale : (most == green ? (blue - red) * scale + 120 : (red - green) * scale + 240)
    h += hue
    h -= 360 * (h / 360).rounded(.down)
    s = (s + saturation).clamped
    let v = (most + value).clamped

    let sextant = h / 60
    let sector = sextant.rounded(.down), f = sextant - sector
    let (low, falling, rising) = (v * (1 - s), v * (1 - s * f), v * (1 - s * (1 - f)))
    switch Int32(sector) {
    case 1: return Color(low, v, falling, 1)
    case 2: return Color(rising, v, low, 1)
    case 3: return Color(v, falling, low, 1)
    case 4: return Color(v, low, rising, 1)
    case 5: return Color(falling, low, v, 1)
    default: return Color(low, rising, v, 1)
    }
  }
}
