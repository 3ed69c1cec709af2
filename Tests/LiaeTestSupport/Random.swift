// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension SplitMix64 {
  /// Uniform values.
  package mutating func floats(_ count: Int, in range: ClosedRange<Float> = 0...1) -> [Float] {
    (0..<count).map { _ in range.lowerBound + uniform() * (range.upperBound - range.lowerBound) }
  }

  /// One of `choices`, which may not be empty.
  package mutating func pick<T>(_ choices: [T]) -> T { choices[Int(next() % UInt64(choices.count))] }

  package mutating func flip() -> Bool { next() & 1 == 1 }
}
