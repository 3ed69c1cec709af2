// SPDX-License-Identifier: Apache-2.0

/// How a convolution is computed.
package enum ConvolutionAlgorithm: Sendable, Hashable {
  /// The plain sum.
  case direct
  /// Winograd's F(m, 3), m being 6 (with tiles of 4 where 6 does not divide the side), 4 or 2.
  case winograd(Int)

  package var name: String {
    switch self {
    case .direct: return "direct"
    case .winograd(6): return "F6/4"
    case .winograd(let tileSize): return "F\(tileSize)"
    }
  }

  /// Lists all algorithms.
  package static let all: [ConvolutionAlgorithm] = [.direct, .winograd(2), .winograd(4), .winograd(6)]
}
