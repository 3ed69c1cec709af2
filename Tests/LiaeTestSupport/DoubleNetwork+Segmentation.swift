// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

/// The operations of networks that segment.
extension DoubleNetwork {
  /// Each input pixel adds its 3x3 kernel to the output, from twice its place on.
  static func transposed(_ x: [Double], _ shape: Shape, _ weight: [Double], _ bias: [Double], outputs: Int) -> [Double]
  {
    let (n, side) = (shape.side, 2 * shape.side)
    var out = bias.flatMap { [Double](repeating: $0, count: side * side) }
    for c in 0..<shape.channels {
      for o in 0..<outputs {
        for (i, value) in x[c * n * n..<(c + 1) * n * n].enumerated() {
          for tap in 0..<9 {
            let (row, column) = (2 * (i / n) + tap / 3, 2 * (i % n) + tap % 3)
            if row < side, column < side {
              out[(o * side + row) * side + column] += value * weight[(c * outputs + o) * 9 + tap]
            }
          }
        }
      }
    }
    return out
  }

  /// The same weights as four kernels for each output channel: that of the pixel (2y + dy, 2x + dx) holds at its place
  /// (p, q) the tap (2 - 2p + dy, 2 - 2q + dx) of the transposed kernel, where there is one.
  func turned(_ layer: String, inputs: Int) throws(LiaeError) -> ([Double], [Double]) {
    let (weight, bias) = try parameters(layer)
    let outputs = bias.count
    var kernels: [Double] = []
    for channel in 0..<4 * outputs {
      let (o, dy, dx) = (channel / 4, channel % 4 / 2, channel % 2)
      for c in 0..<inputs {
        for place in 0..<9 {
          let (row, column) = (2 - 2 * (place / 3) + dy, 2 - 2 * (place % 3) + dx)
          let isTap = (0..<3).contains(row) && (0..<3).contains(column)
          kernels.append(isTap ? weight[(c * outputs + o) * 9 + row * 3 + column] : 0)
        }
      }
    }
    return (kernels, bias.flatMap { [$0, $0, $0, $0] })
  }

  static func responseNorm(
    _ x: [Double], _ weight: [Double], _ bias: [Double], _ epsilon: Double, _ threshold: [Double]
  ) -> [Double] {
    let pixels = x.count / weight.count
    return weight.indices.flatMap { c in
      let plane = x[c * pixels..<(c + 1) * pixels]
      let mean = plane.reduce(0) { $0 + $1 * $1 } / Double(pixels)
      return plane.map { max($0 / (mean + abs(epsilon)).squareRoot() * weight[c] + bias[c], threshold[c]) }
    }
  }

  /// Binomial coefficients in both directions, divided by their sum, over a picture with zeros around it.
  static func blurPool(_ x: [Double], _ shape: Shape, _ size: Int) -> [Double] {
    let (side, a) = (shape.side, size == 4 ? [1.0, 3, 3, 1] : size == 3 ? [1.0, 2, 1] : [1.0, 1])
    let total = a.reduce(0, +) * a.reduce(0, +)
    return (0..<shape.channels * (side / 2) * (side / 2)).map { i in
      let half = side / 2, (c, y, column) = (i / (half * half), i / half % half, i % half)
      var sum = 0.0
      for tap in 0..<size * size {
        let (row, other) = (2 * y + tap / size - (size - 1) / 2, 2 * column + tap % size - (size - 1) / 2)
        guard (0..<side).contains(row), (0..<side).contains(other) else { continue }
        sum += x[(c * side + row) * side + other] * a[tap / size] * a[tap % size]
      }
      return sum / total
    }
  }
}
