// SPDX-License-Identifier: Apache-2.0

/// Smooth random fields, fixed for a seed: values on a lattice of whole coordinates, blended between them.
struct Noise {
  let seed: UInt32

  @inline(__always) private func lattice(_ x: Int32, _ y: Int32) -> Float {
    var h = UInt32(bitPattern: x) &* 0x8da6_b343 ^ UInt32(bitPattern: y) &* 0xd816_3841 ^ seed &* 0xcb1a_b31f
    h = (h ^ (h >> 15)) &* 0x2c1b_3c6d
    h = (h ^ (h >> 12)) &* 0x297a_2d39
    return Float((h ^ (h >> 15)) >> 8) * 0x1p-24
  }

  /// 0...1, features one unit wide.
  func callAsFunction(_ x: Float, _ y: Float) -> Float {
    let (fx, fy) = (x.rounded(.down), y.rounded(.down))
    let (ix, iy) = (Int32(clamp(fx, -1e6, 1e6)), Int32(clamp(fy, -1e6, 1e6)))
    let (tx, ty) = (x - fx, y - fy)
    let (sx, sy) = (tx * tx * (3 - 2 * tx), ty * ty * (3 - 2 * ty))
    return mix(
      mix(lattice(ix, iy), lattice(ix &+ 1, iy), sx), mix(lattice(ix, iy &+ 1), lattice(ix &+ 1, iy &+ 1), sx), sy)
  }

  /// The sum of `octaves` of it, each twice as fine and half as strong; 0...1.
  func fractal(_ x: Float, _ y: Float, octaves: Int) -> Float {
    var (sum, total, scale, strength) = (Float(0), Float(0), Float(1), Float(1))
    for octave in 0..<octaves {
      sum += strength * self(x * scale + Float(octave) * 17.3, y * scale - Float(octave) * 9.1)
      total += strength
      (scale, strength) = (scale * 2, strength / 2)
    }
    return sum / total
  }
}
