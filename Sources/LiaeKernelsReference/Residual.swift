// SPDX-License-Identifier: Apache-2.0

extension Reference {
  /// sum[i] = sum[i] + x[i]: the end of a residual block before its activation.
  package static func addResidual(count: Int, _ x: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Float>) {
    for i in 0..<count { sum[i] += x[i] }
  }
}
