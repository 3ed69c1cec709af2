// SPDX-License-Identifier: Apache-2.0

extension Reference {
  /// x / sqrt(mean(x^2) + 1e-6) over all of the values, which are one image's flat code; in place.
  package static func pixelNorm(count: Int, _ values: UnsafeMutablePointer<Float>) {
    var squares = 0.0
    for i in 0..<count { squares += Double(values[i]) * Double(values[i]) }
    let factor = 1 / (squares / Double(count) + 1e-6).squareRoot()
    for i in 0..<count { values[i] = Float(Double(values[i]) * factor) }
  }
}
