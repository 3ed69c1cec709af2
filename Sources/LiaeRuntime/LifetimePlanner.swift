// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution

/// A stretch of memory and the steps during which it holds something.
package struct Lifetime {
  /// Floats.
  package var size: Int
  /// Steps, both included.
  package var first, last: Int
  /// Floats from one plane of pixels to the next, which is where its border is; 0 for memory without a border.
  package var plane: Int

  package init(size: Int, first: Int, last: Int, plane: Int = 0) {
    (self.size, self.first, self.last, self.plane) = (size, first, last, plane)
  }

  package func meets(_ other: Lifetime) -> Bool { first <= other.last && other.first <= last }
}

/// Finds places in one piece of memory for stretches that are not all alive together.
///
/// Greedy, the largest first, each into the smallest gap that holds it: within a few percent of the least for networks
/// like these. Source: Pisarchyk, Lee: Efficient memory management for deep neural net inference, 2020, section 5.
package enum LifetimePlanner {
  package struct Placement {
    /// The offset of each stretch, floats.
    package var offsets: [Int] = []
    /// Floats of all.
    package var size = 0
    package init(offsets: [Int] = [], size: Int = 0) { (self.offsets, self.size) = (offsets, size) }
  }

  /// A cache line: kernels load whole vectors.
  static let alignment = 16

  package static func place(_ lifetimes: [Lifetime]) -> Placement {
    var placement = Placement(offsets: [Int](repeating: 0, count: lifetimes.count))
    var placed: [Int] = []
    var isPlaced = [Bool](repeating: false, count: lifetimes.count)
    while placed.count < lifetimes.count {
      var index = -1
      for other in lifetimes.indices
      where !isPlaced[other] && (index < 0 || lifetimes[other].size > lifetimes[index].size) {
        index = other
      }
      // Where the memory of those that live at the same time begins and ends.
      var taken: [(start: Int, end: Int)] = []
      for other in placed where lifetimes[other].meets(lifetimes[index]) {
        let start = placement.offsets[other]
        taken.append((start, start + roundUp(lifetimes[other].size, alignment)))
      }
      // A gap begins at the beginning or behind one of them; behind the last it has no end.
      let size = roundUp(lifetimes[index].size, alignment)
      var best = (gap: Int.max, start: Int.max)
      for start in [0] + taken.map(\.end) {
        var gap = Int.max - start
        for other in taken where other.end > start { gap = min(gap, other.start - start) }
        if gap >= size && (gap, start) < best { best = (gap, start) }
      }
      placement.offsets[index] = best.start
      placement.size = max(placement.size, best.start + size)
      placed.append(index)
      isPlaced[index] = true
    }
    return placement
  }

  /// Tells whether pixels of another stretch, at whatever time, lie where this one has its border. They do not where
  /// planes of the same size lie on each other.
  package static func sharesBorder(_ index: Int, _ lifetimes: [Lifetime], _ placement: Placement) -> Bool {
    let mine = lifetimes[index], start = placement.offsets[index]
    return lifetimes.indices.contains { other in
      let its = lifetimes[other], offset = placement.offsets[other]
      guard other != index, offset < start + mine.size, start < offset + its.size else { return false }
      return its.plane != mine.plane || (offset - start) % mine.plane != 0
    }
  }
}
