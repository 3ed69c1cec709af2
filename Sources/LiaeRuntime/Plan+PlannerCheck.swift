// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeSystem

/// The expected and the measured time of a layer's algorithms.
package struct PlannerCheck: Sendable {
  package struct Entry: Sendable {
    package var algorithm: ConvolutionAlgorithm
    /// Seconds by the model of costs, and measured.
    package var expected, measured: Double
  }
  /// The first layer of this shape, and how many there are.
  package var layer: ConvolutionLayer
  package var count: Int
  package var entries: [Entry]
  package var chosen: ConvolutionAlgorithm

  package var quickest: Entry? { entries.min { $0.measured < $1.measured } }
  /// The time that the choice takes beyond the quickest, seconds.
  package var loss: Double {
    guard let quickest, let chosen = entries.first(where: { $0.algorithm == chosen }) else { return 0 }
    return chosen.measured - quickest.measured
  }
}

extension Plan {
  /// Times every algorithm of every shape of convolution that has a choice.
  ///
  /// - Parameters:
  ///   - threads: as of a context.
  ///   - isCancelled: is asked before each shape; what was timed until then is returned.
  /// - Throws: `outOfMemory`, `threadFailure`.
  package func checkPlanner(threads: Int, rounds: Int, isCancelled: () -> Bool = { false }) throws(LiaeError)
    -> [PlannerCheck]
  {
    let pool = try ThreadPool(workers: ContextOptions.threadCount(threads))
    let stopwatch = try LayerStopwatch(kernels: kernels, pool: pool)
    var checks: [PlannerCheck] = []
    var shapes: [LayerStopwatch.Shape] = []
    for packed in weights.convolutions where !isCancelled() {
      let candidates = Planner.candidates(packed.layer, options: options)
      let shape = LayerStopwatch.Shape(packed.layer)
      guard candidates.count > 1 else { continue }
      if let known = shapes.firstIndex(of: shape) {
        checks[known].count += 1
        continue
      }
      shapes.append(shape)
      var check = PlannerCheck(layer: packed.layer, count: 1, entries: [], chosen: packed.algorithm)
      for algorithm in candidates {
        check.entries.append(
          .init(
            algorithm: algorithm,
            // Of a code the half that a swap reads is timed.
            expected: Planner.cost(packed.layer, algorithm, options: options)
              / (packed.layer.source == .halves ? 2 : 1),
            measured: try stopwatch.seconds(packed.layer, algorithm, rounds: rounds)))
      }
      checks.append(check)
    }
    return checks
  }
}
