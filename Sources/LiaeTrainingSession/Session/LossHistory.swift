// SPDX-License-Identifier: Apache-2.0

import LiaeConvert

/// The losses of the iterations up to now; of a model that came from elsewhere without them, of those since. Of very many
/// the first ones go: at most `TrainingState.lossLimit` are kept.
package struct LossHistory: Sendable, Equatable {
  package private(set) var source: [Float] = []
  /// Empty where a model has one loss alone.
  package private(set) var destination: [Float] = []
  /// Losses of an iteration: those of source and destination, or one, which is kept as the source's.
  package let sides: Int
  /// Iterations done before the first one whose losses are here, 0 or more.
  package private(set) var first: Int

  private let limit: Int

  package init(first: Int, sides: Int = 2) {
    (self.first, self.sides, limit) = (first, sides, TrainingState.lossLimit)
  }

  /// Takes the last losses of both lists, as many as both have, of the iterations that end with `iteration`.
  ///
  /// - Parameters:
  ///   - iteration: 0 or more; longer lists lose their first losses.
  ///   - limit: how many are kept.
  package init(
    source: [Float], destination: [Float], upTo iteration: Int, sides: Int = 2, limit: Int = TrainingState.lossLimit
  ) {
    (self.sides, self.limit) = (sides, limit)
    let count = min(source.count, sides == 1 ? source.count : destination.count, max(0, iteration), limit)
    self.source = source.suffix(count)
    self.destination = sides == 1 ? [] : destination.suffix(count)
    first = max(0, iteration) - count
  }

  /// Iterations done after the last one whose losses are here.
  package var last: Int { first + source.count }

  /// - Parameter destination: nil where a model has one loss alone.
  package mutating func append(_ source: Float, _ destination: Float?) {
    self.source.append(source)
    if sides == 2 { self.destination.append(destination ?? .nan) }
    guard self.source.count > limit else { return }
    // Many at a time: each removal moves all that stays.
    let excess = max(1, limit / 16)
    self.source.removeFirst(excess)
    if sides == 2 { self.destination.removeFirst(excess) }
    first += excess
  }
}
