// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution

/// A stretch of memory and the steps during which its parts hold something.
package struct Lifetime {
  package struct Part {
    /// Floats from the beginning of the stretch.
    package let range: Range<Int>
    /// Steps, both included.
    package var first, last: Int

    package init(_ range: Range<Int>, first: Int, last: Int) {
      (self.range, self.first, self.last) = (range, first, last)
    }

    package func meets(_ other: Part) -> Bool { first <= other.last && other.first <= last }
  }

  /// Floats.
  package let size: Int
  /// They lie apart.
  package var parts: [Part]
  /// Floats from one plane of pixels to the next, which is where its border is; 0 for memory without a border.
  package var plane: Int

  package init(size: Int, parts: [Part], plane: Int = 0) {
    (self.size, self.parts, self.plane) = (size, parts, plane)
  }

  /// A stretch that holds one thing.
  package init(size: Int, first: Int, last: Int, plane: Int = 0) {
    self.init(size: size, parts: [Part(0..<size, first: first, last: last)], plane: plane)
  }

  /// Keeps all that it holds until a step, at least.
  package mutating func extend(to last: Int) {
    for index in parts.indices { parts[index].last = max(parts[index].last, last) }
  }
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
      // Between these offsets a part of it would touch one that lives at the same time.
      var taken: [(low: Int, high: Int)] = []
      for other in placed {
        let start = placement.offsets[other]
        for its in lifetimes[other].parts {
          for mine in lifetimes[index].parts where mine.meets(its) {
            taken.append(
              (
                start + its.range.lowerBound - roundUp(mine.range.upperBound, alignment),
                roundUp(start + its.range.upperBound - mine.range.lowerBound, alignment)
              ))
          }
        }
      }
      // A gap begins at the beginning or behind one of them; behind the last it has no end.
      var best = (rest: Int.max, start: Int.max)
      for start in [0] + taken.map(\.high) where start >= 0 {
        var rest = Int.max - start
        for other in taken where other.high > start { rest = min(rest, other.low - start) }
        if rest >= 0 && (rest, start) < best { best = (rest, start) }
      }
      placement.offsets[index] = best.start
      placement.size = max(placement.size, best.start + roundUp(lifetimes[index].size, alignment))
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
