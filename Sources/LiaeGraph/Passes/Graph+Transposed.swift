// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Turns transposed convolutions of stride 2 into 3x3 convolutions of stride 1 to four times the channels, with
  /// depth-to-space: the pixels of each of the four places are a convolution of the input with some of the nine taps.
  package func turningTransposedConvolutions() throws(LiaeError) -> Graph {
    try rebuilt { (_, node, inputs, graph) throws(LiaeError) in
      guard case .transposedConvolution(let layer, let channels) = node.operation else {
        return try graph.addCopy(node, inputs: inputs)
      }
      var convolution = Convolution(layer, outputChannels: 4 * channels, kernel: 3, padding: 1)
      (convolution.depthToSpace, convolution.reading) = (.crd, .transposed)
      return try graph.addDerived(.convolution(convolution), inputs, name: node.name, part: node.part)
    }
  }
}

/// The places of the taps of a transposed 3x3 convolution of stride 2 in the four kernels of
/// `Convolution.Reading.transposed`.
package enum TransposedTaps {
  /// The tap of the transposed kernel that pixel `phase` of an axis, 0 or 1, multiplies the input at -1, 0 or +1 with, by
  /// the place 0, 1, 2 of that input; nil: none.
  package static func tap(phase: Int, place: Int) -> Int? {
    switch (phase, place) {
    case (0, 0): 2
    case (0, 1): 0
    case (1, 1): 1
    default: nil
    }
  }
}
