// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A rod with round ends that gets thicker or thinner along its way: a finger, a strand, a part of a rim. Both ends in one
/// place make a ball.
struct Solid {
  /// Pixels of the frame.
  var start, end: SIMD2<Float>
  var startRadius, endRadius: Float
  /// Values of the picture.
  var color: Vector
  /// 1 hides what is behind it.
  var opacity: Float = 1
  /// How much darker its edges are, 0...1.
  var shading: Float = 0.5
  /// How much a pattern of small dots darkens it, 0...1.
  var mesh: Float = 0

  /// Draws it into a picture of red, green, blue, and takes what it hides out of a mask.
  ///
  /// - Parameter light: direction towards the lamp in the picture, of length 1 or less.
  func draw(
    _ pixels: UnsafeMutablePointer<Float>, _ mask: UnsafeMutablePointer<Float>, width: Int, height: Int,
    light: SIMD2<Float>
  ) {
    let reach = max(startRadius, endRadius) + 1
    func range(_ a: Float, _ b: Float, _ size: Int) -> Range<Int> {
      let (low, high) = (min(a, b) - reach, max(a, b) + reach)
      guard low.isFinite, high.isFinite, high > 0, low < Float(size) else { return 0..<0 }
      return max(0, Int(max(low, 0)))..<min(size, Int(min(high, Float(size))) + 1)
    }
    let columns = range(start.x, end.x, width), rows = range(start.y, end.y, height)
    let along = end - start, square = (along * along).sum()
    for y in rows {
      for x in columns {
        let p = SIMD2(Float(x), Float(y)) - start
        let share = square > 0 ? clamp((p * along).sum() / square, 0, 1) : 0
        let offset = p - along * share
        let distance = (offset * offset).sum().squareRoot(), radius = mix(startRadius, endRadius, share)
        let cover = clamp(radius - distance + 0.5, 0, 1) * opacity
        guard cover > 0, radius > 0 else { continue }
        let across = clamp(distance / radius, 0, 1)
        let tilt = (offset * light).sum() / radius
        var shade = 1 - shading * across * across + 0.35 * shading * tilt
        if mesh > 0, (x / 2 + y / 2) % 2 == 0 { shade *= 1 - mesh }
        let color = color * max(shade, 0)
        let i = y * width + x
        for c in 0..<3 { pixels[3 * i + c] = clamp(mix(pixels[3 * i + c], color[c], cover), 0, 1) }
        mask[i] *= 1 - cover
      }
    }
  }
}
