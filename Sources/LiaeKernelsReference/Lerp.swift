// SPDX-License-Identifier: Apache-2.0

extension Reference {
  /// out[i] = a[i] * (1 - t) + b[i] * t for t in 0...1, rounded once. Exactly a at 0 and b at 1.
  package static func lerp(
    count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, t: Float, output: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<count { output[i] = Float(Double(a[i]) * (1 - Double(t)) + Double(b[i]) * Double(t)) }
  }
}
