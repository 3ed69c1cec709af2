// SPDX-License-Identifier: Apache-2.0

import LiaeConvert

/// The losses of the iterations up to now; of a model that came from elsewhere without them, of those since. Of very many
/// the first ones go: at most `TrainingState.lossLimit` are kept.
package struct LossHistory: Sendable, Equatable {
  package private(set) var source: [Float] = []
  package private(set) var destination: [Float] = []
  /// Iterations done before the first one whose losses are here, 0 or more.
  package private(set) var first: Int

  private let limit: Int

  package init(first: Int) { (self.first, limit) = (first, TrainingState.lossLimit) }

  /// Takes the last losses of both lists, as many as both have, of the iterations that end with `iteration`.
  ///
  /// - Parameters:
  ///   - iteration: 0 or more; longer lists lose their first losses.
  ///   - limit: how many are kept.
  package init(
    source: [Float], destination: [Float], upTo iteration: Int, limit: Int = TrainingState.lossLimit
  ) {
    self.limit = limit
    let count = min(source.count, destination.count, max(0, iteration), limit)
    self.source = source.suffix(count)
    self.destination = destination.suffix(count)
    first = max(0, iteration) - count
  }

  /// Iterations done after the last one whose losses are here.
  package var last: Int { first + source.count }

  package mutating func append(_ source: Float, _ destination: Float) {
    self.source.append(source)
    self.destination.append(destination)
    guard self.source.count > limit else { return }
    // Many at a time: each removal moves all that stays.
    let excess = max(1, limit / 16)
    self.source.removeFirst(excess)
    self.destination.removeFirst(excess)
    first += excess
  }
}
