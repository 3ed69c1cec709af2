// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Reference {
  /// x * cos(x); in place. It is not monotonic, and for great x an error of x grows by about x.
  package static func cosineActivation(count: Int, _ values: UnsafeMutablePointer<Float>) {
    for i in 0..<count {
      let x = Double(values[i])
      values[i] = Float(x * Math.cos(x))
    }
  }
}
