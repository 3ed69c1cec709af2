// SPDX-License-Identifier: Apache-2.0

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
    /// Of each stretch, floats.
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
    let order = lifetimes.indices.sorted { a, b in
      lifetimes[a].size != lifetimes[b].size ? lifetimes[a].size > lifetimes[b].size : a < b
    }
    for index in order {
      let size = roundUp(lifetimes[index].size, alignment)
      var position = 0
      var best: (gap: Int, offset: Int)?
      let neighbours = placed.filter { lifetimes[$0].meets(lifetimes[index]) }
        .sorted { placement.offsets[$0] < placement.offsets[$1] }
      for other in neighbours {
        let gap = placement.offsets[other] - position
        if gap >= size && gap < best?.gap ?? .max { best = (gap, position) }
        position = max(position, placement.offsets[other] + roundUp(lifetimes[other].size, alignment))
      }
      placement.offsets[index] = best?.offset ?? position
      placement.size = max(placement.size, placement.offsets[index] + size)
      placed.append(index)
    }
    return placement
  }

  /// Whether pixels of another stretch, at whatever time, lie where this one has its border. They do not where planes
  /// of the same size lie on each other.
  package static func sharesBorder(_ index: Int, _ lifetimes: [Lifetime], _ placement: Placement) -> Bool {
    let mine = lifetimes[index], start = placement.offsets[index]
    return lifetimes.indices.contains { other in
      let its = lifetimes[other], offset = placement.offsets[other]
      guard other != index, offset < start + mine.size, start < offset + its.size else { return false }
      return its.plane != mine.plane || (offset - start) % mine.plane != 0
    }
  }
}
