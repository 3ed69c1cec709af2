// SPDX-License-Identifier: Apache-2.0

extension Reference {
  /// x = max(x / sqrt(mean(x * x) + |epsilon|) * weight + bias, threshold), the mean over the pixels of each channel, in
  /// place.
  ///
  /// Shapes: values (C, pixels), weight, bias and threshold (C).
  /// Numerics: in Double; one rounding to Float at the end.
  package static func responseNorm(
    channels: Int, pixels: Int, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>, epsilon: Float,
    threshold: UnsafePointer<Float>, _ values: UnsafeMutablePointer<Float>
  ) {
    for c in 0..<channels {
      let plane = values + c * pixels
      var squares = 0.0
      for i in 0..<pixels { squares += Double(plane[i]) * Double(plane[i]) }
      let root = (squares / Double(pixels) + abs(Double(epsilon))).squareRoot()
      for i in 0..<pixels {
        let scaled = Double(plane[i]) / root * Double(weight[c]) + Double(bias[c])
        plane[i] = Float(max(scaled, Double(threshold[c])))
      }
    }
  }
}
