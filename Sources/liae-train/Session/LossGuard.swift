// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeText

/// Looks whether training goes astray: a loss that is no number, or one far above the usual, several times in a row.
struct LossGuard {
  enum Verdict {
    case fine
    /// Not to be saved yet.
    case suspicious
    /// What was seen.
    case astray(String)
  }

  /// How many times the usual loss is a spike; 0: nothing is.
  let factor: Double
  /// Spikes in a row that count: one alone may be an odd face.
  private static let patience = 3
  /// Iterations before there is a usual loss, and over which it is averaged.
  private static let (warmUp, span) = (50, 200)

  private var usual = 0.0
  private var seen = 0
  private var spikes = 0

  init(factor: Float) { self.factor = Double(factor) }

  /// What is usual is another from now on: other options, another place in training.
  mutating func restart() { (usual, seen, spikes) = (0, 0, 0) }

  mutating func judge(source: Float, destination: Float, isFinite: Bool) -> Verdict {
    guard isFinite, source.isFinite, destination.isFinite else {
      return .astray("a loss or weight is no number (src \(source), dst \(destination))")
    }
    let loss = Double(source) + Double(destination)
    if factor > 0, seen >= Self.warmUp, loss > factor * usual {
      spikes += 1
      guard spikes >= Self.patience else { return .suspicious }
      return .astray(
        "the losses together are \(loss.fixed(3)), \(Self.patience) times in a row more than \(factor.fixed(1)) times "
          + "the usual \(usual.fixed(3))")
    }
    spikes = 0
    seen = min(seen + 1, Self.span)
    usual += (loss - usual) / Double(seen)
    return .fine
  }
}
