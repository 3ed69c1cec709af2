// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSamples
import LiaeSystem
import LiaeTrain

/// Times iterations of a training with fresh weights on noise.
package final class IterationBenchmark {
  private let trainer: Trainer
  private let source, destination: FaceBatch

  /// - Throws: `invalidArgument` for settings that describe no network; `outOfMemory`, `threadFailure`.
  package init(_ settings: TrainingSettings, threads: Int) throws(LiaeError) {
    let architecture = try settings.architecture()
    trainer = try Trainer(
      engine: try Engine(workers: threads), architecture: architecture, weights: nil, options: settings.options,
      seed: 1)
    trainer.engine.memory = settings.session.memory
    source = try Self.noise(count: settings.batchSize, side: architecture.resolution, seed: 0)
    destination = try Self.noise(count: settings.batchSize, side: architecture.resolution, seed: 1)
  }

  package var architecture: Architecture { trainer.architecture }
  package var threads: Int { trainer.engine.workers }
  /// Bytes of tensors, after the first iteration.
  package var bytes: Int { trainer.engine.bytes }

  /// Does one iteration.
  ///
  /// - Parameter isCancelled: is asked between operations.
  /// - Returns: its milliseconds.
  /// - Throws: `outOfMemory`, `cancelled`.
  package func iterate(isCancelled: @escaping () -> Bool = { false }) throws(LiaeError) -> Double {
    trainer.isCancelled = isCancelled
    let start = monotonicNanoseconds()
    _ = try trainer.iterate(source: source, destination: destination)
    return Double(monotonicNanoseconds() - start) / 1e6
  }

  /// Times the passes of the layers from now on.
  package func profile() -> OperationProfile {
    let profile = OperationProfile()
    trainer.engine.profile = profile
    return profile
  }

  /// Multiplications a second of all threads, in registers alone.
  ///
  /// - Throws: `outOfMemory`.
  package func measurePeak() throws(LiaeError) -> Double { try trainer.engine.measurePeak() }

  private static func noise(count: Int, side: Int, seed: UInt64) throws(LiaeError) -> FaceBatch {
    let batch = try FaceBatch(count: count, side: side)
    var generator = SplitMix64(state: seed)
    for plane in [batch.warped, batch.target, batch.mask, batch.eyesMouth] {
      let values = plane.base.assumingMemoryBound(to: Float.self)
      for i in 0..<plane.count / 4 { values[i] = generator.uniform() }
    }
    return batch
  }
}
