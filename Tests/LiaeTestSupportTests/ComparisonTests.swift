// SPDX-License-Identifier: Apache-2.0
import LiaeTestSupport
import Testing

@Suite struct ComparisonTests {
  @Test func listsOfDifferentLengthsDiffer() {
    let comparison = Comparison([1, 2], [1])
    #expect(comparison.maximum == .infinity)
    #expect(comparison.psnr == -.infinity)
    #expect(comparison.description == "2 values, expected 1")
  }

  @Test func theWorstElementIsNamed() {
    let comparison = Comparison([1, 2, 3], [1, 2.5, 3])
    #expect(comparison.maximum == 0.5)
    #expect(comparison.description.hasPrefix("worst element 1: 2.0, expected 2.5; off by 0.5"))
  }

  @Test func equalListsAreEqual() {
    #expect(Comparison([1, 2], [1, 2]).maximum == 0)
    #expect(Comparison([1, 2], [1, 2]).description == "equal")
  }
}
