// SPDX-License-Identifier: Apache-2.0
import LiaeText

/// Detects divergence: a loss that is not finite, or one far above its running mean several iterations in a row.
package struct LossGuard {
  package enum Verdict: Equatable {
    case normal
    /// Far above the running mean; a state with such a loss is not saved.
    case spike
    /// Training has diverged, for the reason given.
    case diverged(String)
  }

  /// The multiple of the running mean from which a loss is a spike; 0: none is.
  package let factor: Double
  /// Spikes in a row that mean divergence: one alone may be an odd face.
  package static let patience = 3
  /// Iterations before there is a mean to compare with, and over which it is taken.
  package static let (warmUp, span) = (50, 200)

  private var mean = 0.0
  private var seen = 0
  private var spikes = 0

  package init(factor: Float) { self.factor = Double(factor) }

  /// Forgets the mean: other options are in force, or training is at another place.
  package mutating func restart() { (mean, seen, spikes) = (0, 0, 0) }

  /// Judges the losses of one iteration, and takes those that are normal into the mean.
  ///
  /// - Parameters:
  ///   - destination: nil where a model has one loss alone, which is `source`.
  ///   - isFinite: whether the gradients of the iteration were finite.
  package mutating func judge(source: Float, destination: Float?, isFinite: Bool) -> Verdict {
    guard isFinite, source.isFinite, (destination ?? 0).isFinite else {
      let found = destination.map { "src \(source), dst \($0)" } ?? "loss \(source)"
      return .diverged("a loss or weight is no number (\(found))")
    }
    let loss = Double(source) + Double(destination ?? 0)
    if factor > 0, seen >= Self.warmUp, loss > factor * mean {
      spikes += 1
      guard spikes >= Self.patience else { return .spike }
      return .diverged(
        "\(destination == nil ? "the loss is" : "the losses together are") \(loss.fixed(3)), \(Self.patience) times in a row more than \(factor.fixed(1)) times "
          + "the usual \(mean.fixed(3))")
    }
    spikes = 0
    seen = min(seen + 1, Self.span)
    mean += (loss - mean) / Double(seen)
    return .normal
  }
}
