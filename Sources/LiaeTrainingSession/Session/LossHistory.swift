// SPDX-License-Identifier: Apache-2.0

/// The losses of the iterations up to now; of a model that came from elsewhere without them, of those since.
package struct LossHistory: Sendable, Equatable {
  package private(set) var source: [Float] = []
  package private(set) var destination: [Float] = []
  /// Iterations done before the first one whose losses are here, 0 or more.
  package private(set) var first: Int

  package init(first: Int) { self.first = first }

  /// Takes the last losses of both lists, as many as both have, of the iterations that end with `iteration`.
  ///
  /// - Parameter iteration: 0 or more; longer lists lose their first losses.
  package init(source: [Float], destination: [Float], upTo iteration: Int) {
    let count = min(source.count, destination.count, max(0, iteration))
    self.source = source.suffix(count)
    self.destination = destination.suffix(count)
    first = max(0, iteration) - count
  }

  /// Iterations done after the last one whose losses are here.
  package var last: Int { first + source.count }

  package mutating func append(_ source: Float, _ destination: Float) {
    self.source.append(source)
    self.destination.append(destination)
  }
}
