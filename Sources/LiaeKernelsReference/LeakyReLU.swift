// SPDX-License-Identifier: Apache-2.0

extension Reference {
  /// x for x >= 0, slope * x below; in place.
  package static func leakyReLU(count: Int, slope: Float, _ values: UnsafeMutablePointer<Float>) {
    for i in 0..<count where values[i] < 0 { values[i] = Float(Double(values[i]) * Double(slope)) }
  }
}
