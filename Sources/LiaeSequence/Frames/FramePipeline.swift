// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Items through several workers at once: taken one after the other, worked on at the same time, and finished in the
/// order in which they were taken.
///
/// A worker that is ahead leaves its output to whoever finishes the items before it, and takes another item; there are never
/// more items in memory than twice the workers.
package final class FramePipeline<Item, Output>: @unchecked Sendable {
  private let take: () throws(LiaeError) -> Item?
  private let work: (Int, Item) throws(LiaeError) -> Output
  private let finish: (Item, Output) throws(LiaeError) -> Void

  /// The monitor that is held while an item is taken.
  private let intake = Monitor()
  private var isExhausted = false
  /// Guards what follows. Whoever finishes an item does not hold it.
  private let turns = Monitor()
  private var taken = 0
  private var finished = 0
  private var isFinishing = false
  /// Outputs whose turn has not come, by the numbers of their items.
  private var ready: [Int: (item: Item, output: Result<Output, LiaeError>)] = [:]
  /// The largest number of items in memory.
  private var limit = 1
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
  /// - Throws: the first error, after which no item is taken or finished; `threadFailure`; `cancelled`.
  package func run(workers: Int) throws(LiaeError) {
    limit = workers <= 1 ? 1 : 2 * workers
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
    // Workers of a call that is cancelled are not started.
    if !isExhausted { try CallScope.check() }
  }

  private func loop(_ worker: Int) {
    while let (number, item) = next() {
      let output = Result { () throws(LiaeError) in try work(worker, item) }
      turns.locked { ready[number] = (item, output) }
      finishReady()
    }
  }

  /// Finishes all outputs whose turn has come, unless another worker does.
  private func finishReady() {
    while true {
      let next = turns.locked { () -> (item: Item, output: Result<Output, LiaeError>, goesOn: Bool)? in
        guard !isFinishing, let (item, output) = ready.removeValue(forKey: finished) else { return nil }
        isFinishing = true
        return (item, output, failure == nil)
      }
      guard let next else { return }
      var error: LiaeError?
      if next.goesOn {
        do throws(LiaeError) { try finish(next.item, next.output.get()) } catch let thrown { error = thrown }
      }
      turns.locked {
        if let error { failure = error }
        finished += 1
        isFinishing = false
        turns.wakeAll()
      }
    }
  }

  private func next() -> (Int, Item)? {
    intake.locked {
      let goesOn = turns.locked {
        while failure == nil, taken - finished >= limit { turns.wait() }
        return failure == nil
      }
      guard goesOn else { return nil }
      do throws(LiaeError) {
        guard !isExhausted, let item = try take() else {
          isExhausted = true
          return nil
        }
        return turns.locked {
          taken += 1
          return (taken - 1, item)
        }
      } catch {
        turns.locked { failure = failure ?? error }
        return nil
      }
    }
  }
}

/// Holds a closure for a C function to call, as closures of generic types cannot be passed to C.
private final class PipelineBody {
  let body: (Int) -> Void
  init(body: @escaping (Int) -> Void) { self.body = body }
}
