// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSamples
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import LiaeTrain
import Testing

/// Tests what the trainer does beside single iterations: freezing, pretraining, going on, refusing.
@Suite struct TrainerTests {
  private func trainer(
    _ name: String = "liae-ud", workers: Int = 2, _ change: (inout TrainingOptions) -> Void = { _ in }
  ) throws -> Trainer {
    let (family, options) = try Architecture.parse(name)
    let architecture = Architecture(
      family: family, options: options, resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4,
      interDims: family == .amp ? 16 : 0)
    var training = TrainingOptions()
    training.eyesMouthPriority = true
    change(&training)
    return try Trainer(
      engine: Engine(workers: workers), architecture: architecture, weights: nil, options: training, seed: 3)
  }

  private func step(_ trainer: Trainer, _ count: Int = 1) throws -> [IterationReport] {
    let batches = try TrainingBatch.repository.get()
    return try (0..<count).map { _ in try trainer.iterate(source: batches.source, destination: batches.destination) }
  }

  private func weights(_ trainer: Trainer) -> [String: [Float]] { trainer.named.mapValues(\.values) }

  /// All that a family can have at once.
  private static func everything(_ name: String) -> (inout TrainingOptions) -> Void {
    { options in
      (options.ganPower, options.ganDims, options.learningRateDropout, options.clipGradient) = (0.1, 4, true, true)
      if name == "amp" { return }
      (options.faceStylePower, options.backgroundStylePower, options.trueFacePower) = (5, 5, 0.01)
    }
  }

  /// Asked to stop at any operation, an iteration leaves weights, moments and iteration as they were.
  @Test(arguments: ["liae-ud", "df-ud", "amp"]) func aStepThatIsCancelledChangesNothing(name: String) throws {
    let whole = try trainer(name, Self.everything(name)), stopped = try trainer(name, Self.everything(name))
    _ = try step(whole)
    _ = try step(stopped)
    var cancelled = 0
    for limit in stride(from: 0, to: 1000, by: 7) {
      var questions = 0
      stopped.isCancelled = {
        questions += 1
        return questions > limit
      }
      let before = weights(stopped)
      do {
        _ = try step(stopped)
        break
      } catch let error as LiaeError {
        #expect(error.status == .cancelled && stopped.iteration == 1 && weights(stopped) == before)
        cancelled += 1
      }
    }
    #expect(cancelled > 5 && stopped.iteration == 2)
    _ = try step(whole)
    #expect(weights(stopped) == weights(whole))
    let (a, b) = (try whole.state, try stopped.state)
    for name in a.tensors.names { #expect(a.tensors[name]?.contents == b.tensors[name]?.contents, "\(name)") }
  }

  @Test(arguments: ["liae-ud", "df-ud", "amp"]) func threadsChangeNothing(name: String) throws {
    let one = try trainer(name, workers: 1, Self.everything(name)),
      three = try trainer(name, workers: 3, Self.everything(name))
    for (a, b) in zip(try step(one, 2), try step(three, 2)) {
      #expect(a.sourceLoss == b.sourceLoss && a.destinationLoss == b.destinationLoss)
      #expect(a.patchLoss == b.patchLoss && a.codeLoss == b.codeLoss && a.adversarial == b.adversarial)
    }
    let others = weights(three)
    for (name, values) in weights(one) { #expect(isBitEqual(values, try #require(others[name])), "\(name)") }
  }

  /// A trainer that takes the state of another goes on as that would have, bit for bit.
  @Test(arguments: ["liae-ud", "df-ud", "amp"], TrainingOptions.Optimizer.allCases)
  func resume(name: String, kind: TrainingOptions.Optimizer) throws {
    let change: (inout TrainingOptions) -> Void = {
      Self.everything(name)(&$0)
      $0.optimizer = kind
    }
    let through = try trainer(name, change)
    _ = try step(through, 2)
    let state = try through.state
    var copy = TensorDictionary()
    for name in state.tensors.names {
      let view = try #require(state.tensors[name])
      copy[name] = try TensorView(dtype: .float32, shape: view.shape, storage: try Bytes.copy(view.raw))
    }
    let resumed = try trainer(name) { change(&$0) }
    resumed.options.learningRate = through.options.learningRate
    try resumed.restore(TrainerState(tensors: copy, integers: state.integers))
    #expect(resumed.iteration == 2)
    _ = try step(through, 2)
    _ = try step(resumed, 2)
    let others = weights(resumed)
    for (name, values) in weights(through) { #expect(isBitEqual(values, try #require(others[name])), "\(name)") }
  }

  /// Memory of tensors is that of the first iterations.
  @Test(arguments: ["liae-ud", "df-ud", "amp"]) func memoryIsUsedAgain(name: String) throws {
    let trainer = try trainer(name, Self.everything(name))
    _ = try step(trainer, 2)
    let before = trainer.engine.bytes
    _ = try step(trainer, 2)
    #expect(trainer.engine.bytes == before)
  }

  /// Activations that are made again are those that were kept, and derivatives are added in the same order.
  @Test(arguments: ["liae-ud", "liae-udt", "df-ud", "amp"]) func activationsThatAreNotKeptChangeNothing(name: String)
    throws
  {
    let all = try trainer(name, Self.everything(name)), few = try trainer(name, Self.everything(name))
    few.engine.memory = .memory
    for (a, b) in zip(try step(all, 2), try step(few, 2)) {
      #expect(
        a.sourceLoss == b.sourceLoss && a.destinationLoss == b.destinationLoss && a.gradientNorm == b.gradientNorm)
    }
    let others = weights(few)
    for (name, values) in weights(all) { #expect(isBitEqual(values, try #require(others[name])), "\(name)") }
    #expect(few.engine.bytes < all.engine.bytes)
  }

  @Test func stateThatDoesNotFit() throws {
    let trainer = try trainer()
    let state = try trainer.state
    for name in ["iteration", "optimizer", "optimizer_steps", "seed"] {
      var lacking = state
      lacking.integers.removeAll { $0.name == name }
      #expect(throws: LiaeError.self) { try trainer.restore(lacking) }
    }
    var odd = state
    odd.integers = odd.integers.map { $0.name == "iteration" ? ($0.name, UInt64.max) : $0 }
    #expect(throws: LiaeError.self) { try trainer.restore(odd) }
    var missing = state
    missing.tensors["inter_B.dense1.bias"] = nil
    #expect(throws: LiaeError.self) { try trainer.restore(missing) }
    let other = try self.trainer("liae-udt")
    #expect(throws: LiaeError.self) { try other.restore(state) }
  }

  @Test func frozenWithoutWarp() throws {
    let trainer = try trainer { $0.randomWarp = false }
    let before = weights(trainer)
    _ = try step(trainer)
    for (name, values) in weights(trainer) {
      #expect(isBitEqual(values, try #require(before[name])) == name.hasPrefix("inter_AB"), "\(name)")
    }
    trainer.options.randomWarp = true
    _ = try step(trainer)
    let after = weights(trainer)
    #expect(!isBitEqual(try #require(after["inter_AB/dense1/weight"]), try #require(before["inter_AB/dense1/weight"])))
  }

  /// No adversaries, no styles, no dropout, inter_AB stands still; after it the latent modules are new.
  @Test func pretraining() throws {
    let trainer = try trainer {
      Self.everything("liae-ud")(&$0)
      $0.pretrain = true
    }
    let report = try #require(try step(trainer, 2).last)
    #expect(report.patchLoss == nil && report.adversarial == [0, 0] && report.source.style == [0, 0])
    #expect(trainer.adversaryParameters.isEmpty && trainer.iteration == 2)
    let before = weights(trainer)
    trainer.options.pretrain = false
    #expect(trainer.iteration == 0)
    for (name, values) in weights(trainer) where name.hasSuffix("weight") {
      // inter_AB never moved from where it began, which is where it is put back.
      #expect(isBitEqual(values, try #require(before[name])) == !name.hasPrefix("inter_B"), "\(name)")
    }
    #expect(try #require(try step(trainer).last).patchLoss != nil)
  }

  /// An iteration that finds something that is no number changes nothing.
  @Test func notANumber() throws {
    let trainer = try trainer()
    _ = try step(trainer)
    let bias = try #require(trainer.network.parameter("encoder.down1.downs.0.conv1.bias"))
    bias.value[0] = .nan
    let before = weights(trainer)
    let report = try step(trainer)[0]
    #expect(!report.isFinite && trainer.iteration == 1)
    for (name, values) in weights(trainer) { #expect(isBitEqual(values, try #require(before[name])), "\(name)") }
  }

  @Test func batchesThatDoNotFit() throws {
    let trainer = try trainer()
    let (two, one) = (try FaceBatch(count: 2, side: 64), try FaceBatch(count: 1, side: 64))
    #expect(throws: LiaeError.self) { _ = try trainer.iterate(source: two, destination: one) }
    #expect(throws: LiaeError.self) {
      _ = try trainer.iterate(source: try FaceBatch(count: 2, side: 96), destination: two)
    }
    trainer.options.ganPower = 1
    trainer.options.ganPatchSize = 640
    #expect(throws: LiaeError.self) { _ = try trainer.iterate(source: two, destination: two) }
  }

  /// Twenty iterations on one batch make it better, for both criteria.
  @Test(arguments: TrainingOptions.Criterion.allCases, ["liae-ud", "liae-udt", "df", "amp"])
  func learns(criterion: TrainingOptions.Criterion, name: String) throws {
    if name == "amp" && criterion == .torch { return }
    let trainer = try trainer(name) { ($0.criterion, $0.learningRate) = (criterion, 5e-4) }
    let reports = try step(trainer, 20)
    #expect(reports[19].sourceLoss < 0.8 * reports[0].sourceLoss)
    #expect(reports[19].destinationLoss < 0.8 * reports[0].destinationLoss)
  }

  private final class Listener: TrainingPeers {
    let rank = 0, count = 1
    var heard: [Float] = []
    func sum(_ values: UnsafeMutablePointer<Float>, _ count: Int) {
      heard += UnsafeBufferPointer(start: values, count: count)
    }
  }

  /// The sum over two batches of one is the gradient of a batch of two: what processes that share a batch rely on.
  @Test func gradientsAddUp() throws {
    let batches = try TrainingBatch.repository.get()
    func gradients(_ source: FaceBatch, _ destination: FaceBatch) throws -> [Float] {
      let trainer = try trainer(), peers = Listener()
      trainer.peers = peers
      _ = try trainer.iterate(source: source, destination: destination)
      // After the gradients come the two losses.
      return Array(peers.heard.dropLast(2))
    }
    func part(_ batch: FaceBatch, _ index: Int) throws -> FaceBatch {
      let one = try FaceBatch(count: 1, side: batch.side)
      let pairs = [
        (batch.warped, one.warped), (batch.target, one.target), (batch.mask, one.mask),
        (batch.eyesMouth, one.eyesMouth),
      ]
      for (from, to) in pairs { to.base.copyMemory(from: from.base + index * to.count, byteCount: to.count) }
      return one
    }
    let whole = try gradients(batches.source, batches.destination)
    let parts = try (0..<2).map { try gradients(part(batches.source, $0), part(batches.destination, $0)) }
    #expect(relativeDistance(zip(parts[0], parts[1]).map { $0 + $1 }, whole) < 1e-5)
  }
}
