// SPDX-License-Identifier: Apache-2.0

/// The allowed distances of networks from the golden outputs, as `Tests/golden/README.md` says.
package enum GoldenTolerance {
  /// The tolerance of single values, in float32 with direct sums.
  package static let direct = 2e-5
  /// The tolerance of single values, for graphs in half precision.
  package static let half = 5e-3
  /// The least PSNR of faster convolutions, in dB.
  package static let decibels = 100.0
}
