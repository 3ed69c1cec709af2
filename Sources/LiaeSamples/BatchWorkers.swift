// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Makes any batch by its number, on any thread.
protocol BatchSource: Sendable {
  associatedtype Batch: Sendable
  /// - Parameter isCancelled: is asked now and then.
  /// - Throws: `cancelled`; what making a sample throws.
  func batch(_ number: Int, isCancelled: () -> Bool) throws(LiaeError) -> Batch
}

/// Checks the numbers that a generator of batches is given.
///
/// - Throws: `invalidArgument` for a batch of another size than 1...4096, and a first batch past 0...2^40.
func checkBatches(size: Int, first: Int) throws(LiaeError) {
  guard (1...4096).contains(size) else {
    throw LiaeError(.invalidArgument, "a batch of \(size) faces; 1...4096 is possible")
  }
  guard (0...1 << 40).contains(first) else {
    throw LiaeError(.invalidArgument, "the first batch is number \(first); 0...2^40 is possible")
  }
}

/// What the threads of a generator share. They retain it, not the generator, so that that can end them when it goes.
final class BatchWorkers<Supply: BatchSource>: @unchecked Sendable {
  private let supply: Supply
  private let workers: Int
  private let share: (index: Int, count: Int)
  private var threads: [WorkerThread] = []
  /// Guards what follows.
  private let monitor = Monitor()
  /// Batch i stands at i modulo their number from when it is made until it is asked for.
  private var ready: [Result<Supply.Batch, LiaeError>?]
  private var nextToMake: Int
  private var nextToGive: Int
  private var isEnding = false

  init(_ supply: Supply, workers: Int, firstBatch: Int, share: (index: Int, count: Int)) {
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
  private static var patience: Int { 20 }

  func next(isCancelled: () -> Bool) -> Result<Supply.Batch, LiaeError> {
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
