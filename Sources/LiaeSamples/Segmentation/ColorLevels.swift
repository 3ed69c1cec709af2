// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// A change of each channel's levels: clip((x - black) / (white - black)) ^ (1 / gamma) * (top - bottom) + bottom.
/// Source: the random RGB levels of DeepFaceLab.
struct ColorLevels {
  private var black = Color(), white = Color(), gamma = Color(), bottom = Color(), top = Color()

  init(drawing generator: inout SplitMix64) {
    for channel in 0..<3 {
      black[channel] = 0.25 * generator.uniform()
      white[channel] = 1 - 0.25 * generator.uniform()
      gamma[channel] = 0.5 + generator.uniform()
      bottom[channel] = 0.25 * generator.uniform()
      top[channel] = 1 - 0.25 * generator.uniform()
    }
  }

  /// Changes the picture in place; the result is within 0...1.
  func apply(to image: ColorCanvas) {
    // Powers are slow: the curve of each channel at 4096 places.
    let steps = 4096
    let curves = (0..<3).map { channel in
      (0...steps).map { step in
        let x = ((Float(step) / Float(steps) - black[channel]) / (white[channel] - black[channel])).clamped
        let power = Float(Math.pow(Double(x), 1 / Double(gamma[channel])))
        return (power * (top[channel] - bottom[channel]) + bottom[channel]).clamped
      }
    }
    for (channel, curve) in curves.enumerated() {
      curve.withUnsafeBufferPointer { curve in
        for i in 0..<image.count {
          image.pixels[i][channel] = curve[Int(image.pixels[i][channel].clamped * Float(steps) + 0.5)]
        }
      }
    }
    withExtendedLifetime(image) {}
  }
}
