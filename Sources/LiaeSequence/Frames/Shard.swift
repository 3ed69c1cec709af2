// SPDX-License-Identifier: Apache-2.0

/// One of several parts of a work that processes or machines do at the same time.
package struct Shard: Sendable, Equatable {
  /// The number of this shard, from 1.
  package let number: Int
  package let count: Int

  /// Creates a shard; nil unless the number is in 1...count, and the count in 1...100,000.
  package init?(_ number: Int, of count: Int) {
    guard (1...100_000).contains(count), (1...count).contains(number) else { return nil }
    (self.number, self.count) = (number, count)
  }

  /// Reads `I/N`.
  package init?(_ text: String) {
    let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let number = numbers[0], let count = numbers[1] else { return nil }
    self.init(number, of: count)
  }

  /// The stretch of this shard: nearly the same length for each, and empty for some where there are more shards than items.
  package func range(of total: Int) -> Range<Int> {
    // Counts are at most those of frames and of machines, so that products fit.
    total * (number - 1) / count..<total * number / count
  }
}
