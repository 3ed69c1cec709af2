// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import Testing

/// The weight transforms against the matrices of Lavin and Gray, 2016 (F(2, 3)), and of its companion program wincnn
/// (F(6, 3) at the points 0, ±1, ±2, ±1/2, where ours moves a factor of 32 from G to A).
@Suite struct WinogradTransformTests {
  @Test func matricesAreThePublishedOnes() {
    #expect(WinogradTransform.weights(tileSize: 2) == [1, 0, 0, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0, 0, 1])
    let (a, b, c) = (2.0 / 9, 1.0 / 90, 32.0 / 45)
    let published = [
      [1, 0, 0], [-a, -a, -a], [-a, a, -a], [b, 2 * b, 4 * b], [b, -2 * b, 4 * b], [c, c / 2, c / 4],
      [c, -c / 2, c / 4], [0, 0, 1],
    ]
    let ours = WinogradTransform.weights(tileSize: 6)
    for (row, expected) in published.enumerated() {
      let scale: Double = row == 5 || row == 6 ? 32 : 1
      for column in 0..<3 { #expect(ours[row * 3 + column] * scale == expected[column], "\(row), \(column)") }
    }
  }

  /// Row a of G is (1, a, a²) / M'(a); M'(a) is the product of the distances to the other points.
  @Test func rowsAreThoseOfTheirPoints() {
    let points = [0, 0.75, -0.75, 1.5, -1.5]
    let g = WinogradTransform.weights(tileSize: 4)
    for (row, a) in points.enumerated() {
      let derivative = points.filter { $0 != a }.reduce(1) { $0 * (a - $1) }
      for power in 0..<3 {
        let numerator = [1, a, a * a][power]
        #expect(g[row * 3 + power] == numerator / derivative, "\(a), \(power)")
      }
    }
    #expect(Array(g[15...]) == [0, 0, 1])
  }

  @Test(arguments: [2, 4, 6]) func factorsAreHalfTheRows(_ tileSize: Int) {
    let g = WinogradTransform.weights(tileSize: tileSize), factors = WinogradTransform.factors(tileSize: tileSize)
    #expect(factors.count == 1 + 3 * (tileSize / 2))
    #expect(factors[0] == Float(g[0]))
    for pair in 0..<tileSize / 2 {
      let plus = Array(g[(3 + 6 * pair)..<(6 + 6 * pair)]), minus = Array(g[(6 + 6 * pair)..<(9 + 6 * pair)])
      #expect(Array(factors[(1 + 3 * pair)..<(4 + 3 * pair)]) == plus.map { Float($0) })
      #expect(minus == [plus[0], -plus[1], plus[2]])
    }
  }
}
