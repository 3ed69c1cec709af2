// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeConvolution
import LiaeGraph
import LiaeKernels

/// Chooses the algorithm of each layer by a model of its cost: multiplications at the machine's rate, or the packed
/// weights from memory, whichever takes longer, and the transforms.
///
/// The constants are those of two server cores (docs/performance.md); `liae-infer bench --planner` holds them against
/// another machine. A plan is made before the number of threads is known and must not depend on it.
enum Planner {
  static func rates(_ options: PlanOptions) -> Rates { Rates(options.instructionSet ?? .detected) }

  /// Returns the algorithms that may compute a layer, the plain sum first.
  static func candidates(_ layer: ConvolutionLayer, options: PlanOptions) -> [ConvolutionAlgorithm] {
    guard options.convolution == .automatic else { return [.direct] }
    return ConvolutionAlgorithm.all.filter { WinogradGeometry.fits(layer, $0) }
  }

  static func choose(_ layer: ConvolutionLayer, options: PlanOptions) -> ConvolutionAlgorithm {
    var best = ConvolutionAlgorithm.direct
    var least = Double.infinity
    for candidate in candidates(layer, options: options) {
      let seconds = cost(layer, candidate, options: options)
      if seconds < least { (best, least) = (candidate, seconds) }
    }
    return best
  }

  /// Seconds of one image.
  static func cost(_ layer: ConvolutionLayer, _ algorithm: ConvolutionAlgorithm, options: PlanOptions) -> Double {
    rates(options).seconds(Work(layer, algorithm), makesWeights: false)
  }
}
