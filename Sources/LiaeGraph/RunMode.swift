// SPDX-License-Identifier: Apache-2.0

/// The code that the decoder reads in a run.
package enum RunMode: Sendable, Equatable {
  /// The destination's face with the source's identity: liae AB, AB of a destination face.
  case swap
  /// The destination face reconstructed: liae B, AB.
  case reconstructDestination
  /// The source face reconstructed: liae AB, AB of a source face. A source face takes the way of the swap.
  case reconstructSource
  /// A face between both for t in 0...1: 0 reconstructs the destination, 1 is the swap. liae: lerp(B, AB, t), AB; amp:
  /// that share of the source's channels.
  case morph(Float)
  /// The mask of what of a face is not covered: xseg.
  case segment

  /// The beginning of the names of the graph's outputs: `swap` of `swap.rgb`.
  package var branch: String {
    switch self {
    case .swap, .reconstructSource: "swap"
    case .reconstructDestination: "destination"
    case .morph: "morph"
    case .segment: "segment"
    }
  }
}
