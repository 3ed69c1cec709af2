// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Reference {
  /// 1 / (1 + exp(-x)); in place.
  package static func sigmoid(count: Int, _ values: UnsafeMutablePointer<Float>) {
    for i in 0..<count { values[i] = Float(1 / (1 + Math.exp(-Double(values[i])))) }
  }
}
