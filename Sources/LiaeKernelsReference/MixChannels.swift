// SPDX-License-Identifier: Apache-2.0

extension Reference {
  /// out[c] = a[c] for c < k and b[c] for c >= k, k = trunc(C * morph) within 0...C, the product in float32: in Double
  /// 50 channels at 0.58 would give 28 instead of AMP's 29.
  ///
  /// Shapes: inputs and output (C, pixels). Source: DeepFaceLab's AMP.
  package static func mixChannels(
    channels: Int, pixels: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, morph: Float,
    output: UnsafeMutablePointer<Float>
  ) {
    let product = Float(channels) * morph
    let first = product >= Float(channels) ? channels : product > 0 ? Int(product) : 0
    output.update(from: a, count: first * pixels)
    (output + first * pixels).update(from: b + first * pixels, count: (channels - first) * pixels)
  }
}
