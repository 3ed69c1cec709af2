// SPDX-License-Identifier: Apache-2.0
import LiaeRuntime
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct LifetimePlannerTests {
  /// No two that are alive together touch, and no more memory is used than one after the other would take.
  @Test(arguments: 0..<200) func whatLivesTogetherLiesApart(seed: Int) {
    var random = SplitMix64(state: UInt64(seed))
    let count = 1 + Int(random.next() % 40)
    let lifetimes = (0..<count).map { _ in
      let size = 1 + Int(random.next() % 1000), cut = Int(random.next() % UInt64(size))
      let parts = (random.flip() ? [0..<size] : [0..<cut, cut..<size]).map { range in
        let first = Int(random.next() % 30)
        return Lifetime.Part(range, first: first, last: first + Int(random.next() % 8))
      }
      return Lifetime(size: size, parts: parts)
    }
    let placement = LifetimePlanner.place(lifetimes)
    #expect(placement.offsets.count == count)
    for a in 0..<count {
      let start = placement.offsets[a]
      #expect(start % 16 == 0 && start >= 0 && start + lifetimes[a].size <= placement.size)
      for b in 0..<a {
        let other = placement.offsets[b]
        for mine in lifetimes[a].parts {
          for its in lifetimes[b].parts where mine.meets(its) {
            #expect(
              start + mine.range.upperBound <= other + its.range.lowerBound
                || other + its.range.upperBound <= start + mine.range.lowerBound, "seed \(seed): \(a) and \(b)")
          }
        }
      }
    }
    #expect(placement.size <= lifetimes.reduce(0) { $0 + ($1.size + 15) / 16 * 16 })
  }

  /// A chain of layers needs two neighbours at a time.
  @Test func aChainTakesItsLargestPair() {
    let sizes = [160, 320, 640, 320, 1600, 480, 16]
    let chain = sizes.indices.map { Lifetime(size: sizes[$0], first: $0, last: $0 + 1) }
    #expect(LifetimePlanner.place(chain).size == 1600 + 480)
  }

  /// A part that is made late leaves its place to something else until then.
  @Test func aPartIsUsedBefore() {
    let placement = LifetimePlanner.place([
      Lifetime(size: 96, parts: [Lifetime.Part(0..<48, first: 0, last: 9), Lifetime.Part(48..<96, first: 8, last: 9)]),
      Lifetime(size: 48, first: 1, last: 7),
    ])
    #expect(placement.size == 96 && placement.offsets == [0, 48])
  }

  @Test func aHoleIsFilled() {
    let placement = LifetimePlanner.place([
      Lifetime(size: 64, first: 0, last: 9), Lifetime(size: 48, first: 0, last: 1),
      Lifetime(size: 32, first: 0, last: 9),
      Lifetime(size: 16, first: 2, last: 3),
    ])
    #expect(placement.size == 64 + 48 + 32)
    #expect(placement.offsets[3] == placement.offsets[1])
  }

  /// The same grid of pixels keeps its border; another size, another start and scratch do not.
  @Test func bordersAreSharedWithOtherGridsOnly() {
    let grid = Lifetime(size: 200, first: 0, last: 0, plane: 100)
    func shares(_ other: Lifetime, _ offset: Int) -> Bool {
      LifetimePlanner.sharesBorder(0, [grid, other], LifetimePlanner.Placement(offsets: [0, offset], size: 1000))
    }
    #expect(!shares(Lifetime(size: 300, first: 1, last: 1, plane: 100), 0))
    #expect(!shares(Lifetime(size: 300, first: 1, last: 1, plane: 100), 100))
    #expect(shares(Lifetime(size: 300, first: 1, last: 1, plane: 100), 16))
    #expect(shares(Lifetime(size: 300, first: 1, last: 1, plane: 64), 0))
    #expect(shares(Lifetime(size: 16, first: 1, last: 1), 100))
    #expect(!shares(Lifetime(size: 16, first: 1, last: 1), 200))
  }
}
