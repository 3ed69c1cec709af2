// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Items through several workers at once: taken one after the other, worked on at the same time, and finished in the
/// order in which they were taken.
///
/// A worker that is ahead waits for its turn to finish, so that there are never more items in memory than workers.
package final class FramePipeline<Item, Output>: @unchecked Sendable {
  private let take: () throws(LiaeError) -> Item?
  private let work: (Int, Item) throws(LiaeError) -> Output
  private let finish: (Item, Output) throws(LiaeError) -> Void

  /// Held while an item is taken.
  private let intake = Monitor()
  private var isExhausted = false
  /// Guards what follows. Who has the turn finishes without holding it.
  private let turns = Monitor()
  private var taken = 0
  private var finished = 0
  private var failure: LiaeError?

  /// - Parameters:
  ///   - take: the next item, or nil; one call at a time, on any worker.
  ///   - work: on the worker of this number.
  ///   - finish: one call at a time, in order, on any worker.
  package init(
    take: @escaping () throws(LiaeError) -> Item?, work: @escaping (_ worker: Int, Item) throws(LiaeError) -> Output,
    finish: @escaping (Item, Output) throws(LiaeError) -> Void
  ) {
    (self.take, self.work, self.finish) = (take, work, finish)
  }

  /// Runs all items. The caller is a worker itself.
  ///
  /// - Throws: the first error, after which no item is taken or finished; `threadFailure`.
  package func run(workers: Int) throws(LiaeError) {
    if workers <= 1 {
      loop(0)
    } else {
      let body = PipelineBody(body: loop)
      try ThreadPool(workers: workers).run(workers, Unmanaged.passUnretained(body).toOpaque()) { context, index, _ in
        Unmanaged<PipelineBody>.fromOpaque(context).takeUnretainedValue().body(index)
      }
      withExtendedLifetime(body) {}
    }
    if let failure { throw failure }
  }

  private func loop(_ worker: Int) {
    while let (number, item) = next() {
      let output = Result { () throws(LiaeError) in try work(worker, item) }
      let goesOn = turns.locked {
        while finished != number { turns.wait() }
        return failure == nil
      }
      var error: LiaeError?
      if goesOn {
        do throws(LiaeError) { try finish(item, output.get()) } catch let thrown { error = thrown }
      }
      turns.locked {
        if let error { failure = error }
        finished += 1
        turns.wakeAll()
      }
    }
  }

  private func next() -> (Int, Item)? {
    intake.locked {
      guard turns.locked({ failure == nil }) else { return nil }
      do throws(LiaeError) {
        guard !isExhausted, let item = try take() else {
          isExhausted = true
          return nil
        }
        taken += 1
        return (taken - 1, item)
      } catch {
        turns.locked { failure = failure ?? error }
        return nil
      }
    }
  }
}

/// What a C function needs to call back: closures of generic types cannot be one.
private final class PipelineBody {
  let body: (Int) -> Void
  init(body: @escaping (Int) -> Void) { self.body = body }
}
