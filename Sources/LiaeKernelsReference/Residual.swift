// SPDX-License-Identifier: Apache-2.0

extension Reference {
  /// sum[i] = sum[i] + x[i]; in place.
  package static func addResidual(count: Int, _ x: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Float>) {
    for i in 0..<count { sum[i] += x[i] }
  }
}
