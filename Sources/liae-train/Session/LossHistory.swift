// SPDX-License-Identifier: Apache-2.0

/// The losses of the iterations up to now; of a model that came from elsewhere without them, of those since.
struct LossHistory {
  private(set) var source: [Float] = []
  private(set) var destination: [Float] = []
  /// Iterations done before the first that is here.
  private(set) var first: Int

  init(first: Int) { self.first = first }

  /// As many of the one as of the other, ending with `iteration`.
  init(source: [Float], destination: [Float], upTo iteration: Int) {
    let count = min(source.count, destination.count, iteration)
    self.source = source.suffix(count)
    self.destination = destination.suffix(count)
    first = iteration - count
  }

  /// Iterations done after the last that is here.
  var last: Int { first + source.count }

  mutating func append(_ source: Float, _ destination: Float) {
    self.source.append(source)
    self.destination.append(destination)
  }
}
