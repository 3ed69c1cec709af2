// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// The batches of one side of a training, made ahead by threads.
///
/// Batch number i is a function of the faces, the options and i: neither the number of threads nor what was asked for
/// before changes a bit of it, so that a training that goes on at batch i sees what it would have seen.
package final class SampleGenerator: Sendable {
  private let shared: BatchWorkers

  /// - Parameters:
  ///   - colorReference: the other side's faces, for `colorTransfer`; nil where that is none.
  ///   - batchSize: faces of a batch.
  ///   - workers: threads; each makes a whole batch at a time.
  ///   - firstBatch: the number of the batch that comes first.
  ///   - share: which of `count` equal parts of each batch this generator gives; `batchSize` is that of a part.
  /// - Throws: `invalidArgument` for options out of their range, and where no face shows what the model asks for;
  ///   `threadFailure`.
  package init(
    source: FacesetSource, colorReference: FacesetSource? = nil, options: SampleOptions, batchSize: Int,
    workers: Int = 1, firstBatch: Int = 0, share: (index: Int, count: Int) = (0, 1)
  ) throws(LiaeError) {
    try options.check()
    guard batchSize >= 1, batchSize <= 4096 else {
      throw LiaeError(.invalidArgument, "a batch of \(batchSize) faces; 1...4096 is possible")
    }
    guard (0...1 << 40).contains(firstBatch) else {
      throw LiaeError(.invalidArgument, "the first batch is number \(firstBatch); 0...2^40 is possible")
    }
    guard options.colorTransfer == .none || colorReference != nil else {
      throw LiaeError(
        .invalidArgument, "the colour transfer \(options.colorTransfer.rawValue) has no faces to take colours from")
    }
    let supply = try BatchSupply(source, colorReference, options, batchSize: batchSize)
    shared = BatchWorkers(supply, workers: max(1, workers), firstBatch: firstBatch, share: share)
    try shared.start()
  }

  deinit { shared.stop() }

  /// The next batch, in order. One caller at a time.
  ///
  /// - Parameter isCancelled: is asked while the batch is waited for; the batch comes next all the same.
  /// - Throws: `outOfMemory`; `corruptFile` and the like, with a face's name, where no face is left that can be read;
  ///   `cancelled`.
  package func next(isCancelled: () -> Bool = { false }) throws(LiaeError) -> FaceBatch {
    try shared.next(isCancelled: isCancelled).get()
  }
}

/// The state that the threads of a generator share. They retain it, not the generator, so that that can end them when
/// it goes.
private final class BatchWorkers: @unchecked Sendable {
  private let supply: BatchSupply
  private let workers: Int
  private let share: (index: Int, count: Int)
  private var threads: [WorkerThread] = []
  /// Guards what follows.
  private let monitor = Monitor()
  /// Batch i stands at i modulo their number from when it is made until it is asked for.
  private var ready: [Result<FaceBatch, LiaeError>?]
  private var nextToMake: Int
  private var nextToGive: Int
  private var isEnding = false

  init(_ supply: BatchSupply, workers: Int, firstBatch: Int, share: (index: Int, count: Int)) {
    (self.supply, self.workers, self.share) = (supply, workers, share)
    (nextToMake, nextToGive) = (firstBatch, firstBatch)
    // One more than is worked on, so that no thread waits for the trainer at once.
    ready = Array(repeating: nil, count: workers + 1)
  }

  /// - Throws: `threadFailure`, with no thread left.
  func start() throws(LiaeError) {
    for _ in 0..<workers {
      do throws(LiaeError) { threads.append(try WorkerThread { self.work() }) } catch {
        stop()
        throw error
      }
    }
  }

  func stop() {
    monitor.locked {
      isEnding = true
      monitor.wakeAll()
    }
    for thread in threads { thread.join() }
    threads = []
  }

  /// Milliseconds between two questions whether to go on waiting.
  private static let patience = 20

  func next(isCancelled: () -> Bool) -> Result<FaceBatch, LiaeError> {
    monitor.locked {
      let slot = nextToGive % ready.count
      while true {
        if let batch = ready[slot] {
          ready[slot] = nil
          nextToGive += 1
          monitor.wakeAll()
          return batch
        }
        if isCancelled() { return .failure(LiaeError(.cancelled, "interrupted")) }
        monitor.wait(milliseconds: Self.patience)
      }
    }
  }

  private func work() {
    while let number = take() {
      let batch = Result { () throws(LiaeError) in
        try supply.batch(number * share.count + share.index) { self.monitor.locked { self.isEnding } }
      }
      monitor.locked {
        ready[number % ready.count] = batch
        monitor.wakeAll()
      }
    }
  }

  private func take() -> Int? {
    monitor.locked {
      while !isEnding, nextToMake >= nextToGive + ready.count { monitor.wait() }
      guard !isEnding else { return nil }
      defer { nextToMake += 1 }
      return nextToMake
    }
  }
}
