// SPDX-License-Identifier: Apache-2.0

extension Reference {
  /// out[c,y,x] = sum over i,j < size of in[c, 2y+i-b, 2x+j-b] * a[i] * a[j] / sum(a)^2, b = (size - 1) / 2, zero outside,
  /// a = 1 1, 1 2 1 or 1 3 3 1.
  ///
  /// Shapes: input (C,side,side), output (C,side/2,side/2).
  /// Numerics: in Double; one rounding to Float at the end.
  package static func blurPool(
    size: Int, channels: Int, side: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    let a: [Double] = size == 4 ? [1, 3, 3, 1] : size == 3 ? [1, 2, 1] : [1, 1]
    let total = a.reduce(0, +) * a.reduce(0, +), before = (size - 1) / 2
    var out = output
    for c in 0..<channels {
      for y in 0..<side / 2 {
        for x in 0..<side / 2 {
          var sum = 0.0
          for (i, p) in a.enumerated() {
            for (j, q) in a.enumerated() {
              let (row, column) = (2 * y + i - before, 2 * x + j - before)
              guard (0..<side).contains(row), (0..<side).contains(column) else { continue }
              sum += Double(input[(c * side + row) * side + column]) * p * q
            }
          }
          out.pointee = Float(sum / total)
          out += 1
        }
      }
    }
  }
}
