// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernels

/// What an algorithm does for one image of a layer, channels that pad vectors left out.
package struct Work {
  package let multiplications: Double
  /// Bytes of packed weights.
  package let weightBytes: Double
  /// Bytes of the taps that they are made of.
  package let tapBytes: Double
  /// Bytes of transformed inputs and of products, written and read.
  package let transformBytes: Double

  package init(_ layer: ConvolutionLayer, _ algorithm: ConvolutionAlgorithm) {
    let channels = Double(layer.inputChannels * layer.outputChannels), side = layer.outputSide
    let taps = Double(layer.kernel * layer.kernel)
    tapBytes = 4 * taps * channels
    switch algorithm {
    case .direct:
      multiplications = taps * channels * Double(side * side)
      weightBytes = tapBytes
      transformBytes = 0
    case .winograd(let tileSize):
      let axis = WinogradGeometry.axis(side: side, tileSize: tileSize) ?? []
      // Points of a line of tiles. Of the phases of a 5x5 kernel with stride 2, odd ones have no tap for the point at
      // infinity, of which each tile has one.
      let even = axis.reduce(0) { $0 + $1.size + 2 }, odd = even - axis.count
      let points = winogradPoints(tileSize: tileSize)
      let hasPhases = layer.stride == 2
      let line = Double(hasPhases ? even + odd : even)
      multiplications = axis.isEmpty ? .infinity : line * line * channels
      let pointsOfAll = Double(hasPhases ? 2 * points - 1 : points)
      weightBytes = 4 * pointsOfAll * pointsOfAll * channels
      transformBytes =
        8 * Double(even * even) * Double(layer.inputChannels * (hasPhases ? 4 : 1) + layer.outputChannels)
    }
  }
}
