// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import Testing

@Suite struct CheckedSizeTests {
  @Test func productsAreExactOrNil() {
    #expect(CheckedSize.product([]) == 1)
    #expect(CheckedSize.product([3, 4, 5]) == 60)
    #expect(CheckedSize.product([Int.max, 1]) == Int.max)
    #expect(CheckedSize.product([Int.max, 2]) == nil)
    #expect(CheckedSize.product([1 << 32, 1 << 31]) == nil)
    #expect(CheckedSize.product([1 << 31, 1 << 31]) == 1 << 62)
    #expect(CheckedSize.product(1 << 32, 1 << 31) == nil)
    #expect(CheckedSize.product(6, 7) == 42)
  }

  @Test func aZeroDoesNotHideAnOverflowBeforeIt() {
    #expect(CheckedSize.product([0, Int.max, Int.max]) == 0)
    #expect(CheckedSize.product([Int.max, Int.max, 0]) == nil)
  }

  @Test func negativeSizesAreNil() {
    #expect(CheckedSize.product([-1]) == nil)
    #expect(CheckedSize.product([0, -1]) == nil)
    #expect(CheckedSize.product(-2, -3) == nil)
    #expect(CheckedSize.sum(-1, 5) == nil)
    #expect(CheckedSize.sum(5, -1) == nil)
  }

  @Test func sumsAreExactOrNil() {
    #expect(CheckedSize.sum(Int.max, 0) == Int.max)
    #expect(CheckedSize.sum(Int.max, 1) == nil)
    #expect(CheckedSize.sum(2, 3) == 5)
  }
}
