// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSamples
import LiaeSystem

/// What a step of training XSeg found.
package struct SegmentationReport: Sendable {
  /// Mean over the batch.
  package let loss: Float
  /// Of the gradient, before clipping.
  package let gradientNorm: Float
  /// True if loss and gradient are numbers. If not, nothing was changed and the iteration was not counted.
  package let isFinite: Bool
  /// Of each picture.
  package let losses: [Double]
}

/// Trains an XSeg network, a step at a time: what DeepFaceLab's XSeg does in an iteration.
///
/// The same batches, options and seed give the same weights, bit for bit, for any number of threads. Of one thread.
package final class SegmentationTrainer {
  package let engine: Engine
  package var architecture: Architecture { network.architecture }
  /// May be changed between steps. Ending `pretrain` makes the iteration 0 and keeps the weights, as DeepFaceLab does.
  package var options: SegmentationOptions {
    didSet { if oldValue.pretrain && !options.pretrain { iteration = 0 } }
  }
  /// Steps made.
  package internal(set) var iteration = 0
  /// Asked between operations of a step and of a preview; true ends them with `cancelled`.
  package var isCancelled: () -> Bool = { false }
  /// Replaces the factors of `learningRateDropout`, for tests.
  package var rateFactors: ((Parameter) -> UnsafePointer<Float>?)?

  package let network: TrainedNetwork
  package let optimizer: Optimizer
  private let losses: Losses
  var seed: UInt64
  /// Which optimiser the moments belong to.
  var momentsOf: TrainingOptions.Optimizer
  /// Names of the values that skip levels.
  private let skips: [String]

  /// - Parameter weights: initial weights; nil: fresh ones from `seed`.
  /// - Throws: `unsupported` for a network that is no XSeg; `outOfMemory`, `unknownArchitecture`.
  package init(
    engine: Engine, architecture: Architecture, weights: Model?, options: SegmentationOptions, seed: UInt64
  ) throws(LiaeError) {
    guard architecture.family == .xseg else {
      throw LiaeError(.unsupported, "a network of \(architecture.name) finds no masks; expected xseg")
    }
    (self.engine, self.options, self.seed, momentsOf) = (engine, options, seed, options.optimizer)
    network = try TrainedNetwork(architecture, weights: weights, seed: seed)
    losses = Losses(engine: engine)
    optimizer = Optimizer(engine, network.parameters, seed: seed)
    let names = Dictionary(network.graph.namedValues.map { ($0.value, $0.key) }, uniquingKeysWith: { a, _ in a })
    skips = network.graph.nodes.compactMap { node in
      node.operation == .concatenation && node.inputs.count == 2 ? names[node.inputs[1]] : nil
    }
  }

  /// One iteration.
  ///
  /// - Throws: `invalidArgument` where the batch does not fit, `outOfMemory`; `cancelled`, with weights, moments and
  ///   iteration as they were.
  package func iterate(_ batch: SegmentationBatch) throws(LiaeError) -> SegmentationReport {
    guard batch.count > 0, batch.side == architecture.resolution else {
      throw LiaeError(
        .invalidArgument,
        "\(batch.count) pictures of \(batch.side) pixels; expected some of \(architecture.resolution)")
    }
    return try cancellable { () throws(LiaeError) in
      if momentsOf != options.optimizer {
        for parameter in network.parameters { parameter.dropMoments() }
        momentsOf = options.optimizer
      }
      // A step that was cancelled may have left some.
      for parameter in network.parameters { parameter.hasGradient = false }
      let tape = Tape(engine)
      let logits = try logits(batch, on: tape)
      var values = Array(repeating: 0.0, count: batch.count)
      if options.pretrain {
        try pretrainingLoss(try tape.sigmoid(logits), batch, into: &values)
      } else {
        let target = try tensor(batch.mask, batch, channels: 1)
        try engine.measured("losses") { () throws(LiaeError) in
          try losses.logistic(logits, labels: target, weight: 1, into: &values)
        }
      }
      try tape.backward()
      let norm = try engine.measured("gradient norm") { () throws(LiaeError) in optimizer.gradientNorm() }
      let loss = values.reduce(0, +) / Double(values.count)
      let isFinite = norm.isFinite && loss.isFinite
      // What changes the model is done whole.
      engine.isCancelled = nil
      if isFinite {
        try engine.measured("optimiser") { () throws(LiaeError) in
          try optimizer.step(options.update, norm: norm, factors: rateFactors)
        }
        iteration += 1
      } else {
        for parameter in network.parameters { parameter.hasGradient = false }
      }
      return SegmentationReport(loss: Float(loss), gradientNorm: Float(norm), isFinite: isFinite, losses: values)
    }
  }

  /// The masks that the network finds in a batch: float32 (count, side, side).
  ///
  /// - Throws: as `iterate`.
  package func masks(_ batch: SegmentationBatch) throws(LiaeError) -> Bytes {
    try cancellable { () throws(LiaeError) in
      let tape = Tape(engine, isRecording: false)
      let masks = try tape.sigmoid(try logits(batch, on: tape))
      return try Bytes.copy(
        UnsafeRawBufferPointer(start: masks.value, count: masks.elements * 4), for: "the masks of a preview")
    }
  }

  private func logits(_ batch: SegmentationBatch, on tape: Tape) throws(LiaeError) -> Tensor {
    let input = try tensor(batch.picture, batch, channels: 3)
    guard options.pretrain else { return try network.evaluate("logits", given: ["input": input], on: tape) }
    var given = ["pool5": try network.evaluate("pool5", given: ["input": input], on: tape)]
    for name in skips {
      let shape = network.graph.shape(try network.graph.value(name))
      let zeros = try Tensor(
        engine, count: batch.count, height: shape.side, width: shape.side, channels: shape.channels,
        isDifferentiable: false)
      engine.clear(zeros.value, zeros.elements)
      given[name] = zeros
    }
    return try network.evaluate("logits", given: given, on: tape)
  }

  /// Structure by windows of 22 and 11 pixels, weight 5 each, and squared error, weight 10. Source: DeepFaceLab's XSeg.
  private func pretrainingLoss(
    _ mask: Tensor, _ batch: SegmentationBatch, into values: inout [Double]
  ) throws(LiaeError) {
    let target = try tensor(batch.mask, batch, channels: 1)
    for window in [22, 11] {
      try losses.structure(.deepFaceLab, mask, target, factor: nil, window: window, weight: 5, into: &values)
    }
    try losses.squaredError(mask, target, weight: 10, into: &values)
  }

  private func tensor(_ bytes: Bytes, _ batch: SegmentationBatch, channels: Int) throws(LiaeError) -> Tensor {
    let x = try Tensor(
      engine, count: batch.count, height: batch.side, width: batch.side, channels: channels, isDifferentiable: false)
    x.value.update(from: bytes.base.assumingMemoryBound(to: Float.self), count: x.elements)
    return x
  }

  /// Runs `body` with threads awake, and asks `isCancelled` between its operations.
  private func cancellable<T>(_ body: () throws(LiaeError) -> T) throws(LiaeError) -> T {
    engine.isCancelled = isCancelled
    defer { engine.isCancelled = nil }
    return try engine.awake(body)
  }
}
