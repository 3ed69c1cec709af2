// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeSystem
import LiaeTensor

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
  /// The chosen algorithm with weights that are stored as taps; nil where that is the plain sum.
  package var fromTaps: Entry?
  /// True if the machine's balance asks for taps.
  package var asksForTaps: Bool {
    guard let fromTaps, let stored = entries.first(where: { $0.algorithm == chosen }) else { return false }
    return StorageChoice.asksForTaps(seconds: fromTaps.expected, transformed: stored.expected)
  }

  package var quickest: Entry? { entries.min { $0.measured < $1.measured } }
  /// The time that the choice takes beyond the quickest, seconds.
  package var loss: Double {
    guard let quickest, let chosen = entries.first(where: { $0.algorithm == chosen }) else { return 0 }
    return chosen.measured - quickest.measured
  }
}

extension Plan {
  /// Times every algorithm of every shape of convolution that has a choice, and the chosen one from taps. What is expected is
  /// that of the peak and the bandwidth which the machine has now.
  ///
  /// - Parameters:
  ///   - threads: as of a context.
  ///   - isCancelled: is asked before each shape; what was timed until then is returned.
  /// - Throws: `outOfMemory`, `threadFailure`.
  package func checkPlanner(threads: Int, rounds: Int, isCancelled: () -> Bool = { false }) throws(LiaeError)
    -> (balance: Double, checks: [PlannerCheck])
  {
    let pool = try ThreadPool(workers: ContextOptions.threadCount(threads))
    let peak = try kernels.measurePeak(pool)
    let balance = MachineBalance.of(peak: peak, bandwidth: try MemoryBandwidth.measure(pool))
    let rates = Rates(instructionSet, balance: balance, peak: peak)
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
      func time(_ algorithm: ConvolutionAlgorithm, _ stored: WeightStorage) throws(LiaeError) -> PlannerCheck.Entry {
        // Of a code the half that a swap reads is timed.
        let share = packed.layer.source == .halves ? 0.5 : 1
        return .init(
          algorithm: algorithm,
          expected: share * rates.seconds(Work(packed.layer, algorithm), makesWeights: stored != .transformed),
          measured: try stopwatch.seconds(packed.layer, algorithm, stored: stored, rounds: rounds))
      }
      for algorithm in candidates { check.entries.append(try time(algorithm, .transformed)) }
      if packed.algorithm != .direct { check.fromTaps = try time(packed.algorithm, .taps(.float32)) }
      checks.append(check)
    }
    return (balance, checks)
  }
}
