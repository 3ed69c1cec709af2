// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

extension Plan {
  /// True if the network returns the mask of a face and swaps none.
  package var segments: Bool { !graph.canSwap }

  /// - Throws: `unsupported` for a network that segments.
  package func requireSwapping() throws(LiaeError) {
    guard segments else { return }
    throw LiaeError(
      .unsupported,
      "an \(architecture.name) model returns the mask of a face and swaps none; expected a model of another family")
  }

  /// - Throws: `unsupported` for a network that swaps.
  package func requireSegmenting() throws(LiaeError) {
    guard !segments else { return }
    throw LiaeError(
      .unsupported,
      "a model of \(architecture.name) swaps faces; expected an xseg model, which returns the mask of a face")
  }
}
