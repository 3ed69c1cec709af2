// SPDX-License-Identifier: Apache-2.0

/// How far networks may be from the golden outputs, as `Tests/golden/README.md` says.
package enum GoldenTolerance {
  /// Of single values, in float32 with direct sums.
  package static let direct = 2e-5
  /// Of single values, for graphs in half precision.
  package static let half = 5e-3
  /// Of faster convolutions, in dB.
  package static let decibels = 100.0
}
