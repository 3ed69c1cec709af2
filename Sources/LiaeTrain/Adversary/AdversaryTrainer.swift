// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Trains an adversary and the generator against each other: adds the adversarial loss to the generator's gradient, and
/// updates the adversary.
final class AdversaryTrainer {
  let adversary: any Adversary
  let optimizer: Optimizer
  private let losses: Losses

  init(_ adversary: any Adversary, losses: Losses, seed: UInt64) {
    (self.adversary, self.losses) = (adversary, losses)
    optimizer = Optimizer(losses.engine, adversary.parameters, seed: seed)
  }

  /// Adds `weight` times the cross entropy of "these are real" to `values`, and its derivative to `fake.gradient()`.
  func addGeneratorLoss(_ fake: Tensor, weight: Double, into values: inout [Double]) throws(LiaeError) {
    for parameter in adversary.parameters { parameter.isTrained = false }
    let tape = Tape(losses.engine)
    for logits in try adversary.logits(fake, on: tape) {
      try losses.logistic(logits, label: 1, weight: weight, into: &values)
    }
    try tape.backward()
  }

  /// Updates the adversary once: `real` are real and `fake` are not.
  ///
  /// - Parameters:
  ///   - real: batches of as many pictures or codes each; `fake` likewise.
  ///   - weight: of the loss of each batch and output.
  ///   - peers: as the trainer's.
  /// - Returns: the loss of each place in the batches.
  func learn(
    real: [Tensor], fake: [Tensor], weight: Double, scale: Double, options: TrainingOptions,
    peers: (any TrainingPeers)?
  ) throws(LiaeError) -> [Double] {
    for parameter in adversary.parameters { parameter.isTrained = true }
    let tape = Tape(losses.engine)
    var values = Array(repeating: 0.0, count: real.first?.count ?? 0)
    for (pictures, label) in real.map({ ($0, Float(1)) }) + fake.map({ ($0, 0) }) {
      for logits in try adversary.logits(pictures, on: tape) {
        try losses.logistic(logits, label: label, weight: weight * scale, into: &values)
      }
    }
    try tape.backward()
    try peers?.addGradients(
      of: adversary.parameters, asMean: options.criterion == .torch, losses.engine)
    let norm = optimizer.gradientNorm()
    if norm.isFinite { try optimizer.step(options, norm: norm) }
    return values.map { $0 / scale }
  }
}
