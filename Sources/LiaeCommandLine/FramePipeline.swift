// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Frames through several workers at once: taken one after the other, worked on at the same time, and finished in the
/// order in which they were taken.
///
/// A worker that is ahead waits for its turn to finish, so that there are never more frames in memory than workers.
package final class FramePipeline<Item, Output>: @unchecked Sendable {
  private let take: () throws -> Item?
  private let work: (Int, Item) -> Output
  private let finish: (Item, Output) throws -> Void

  /// Held while a frame is taken.
  private let intake = Monitor()
  private var isExhausted = false
  /// Guards what follows. Who has the turn finishes without holding it.
  private let turns = Monitor()
  private var taken = 0
  private var finished = 0
  private var failure: (any Error)?

  /// - Parameters:
  ///   - take: the next frame, or nil; one call at a time, on any worker.
  ///   - work: on the worker of this number.
  ///   - finish: one call at a time, in order, on any worker.
  package init(
    take: @escaping () throws -> Item?, work: @escaping (_ worker: Int, Item) -> Output,
    finish: @escaping (Item, Output) throws -> Void
  ) {
    (self.take, self.work, self.finish) = (take, work, finish)
  }

  /// Runs all frames. The caller is a worker itself.
  ///
  /// - Throws: the first error of `take` or `finish`, after which no frame is taken or finished; `threadFailure`.
  package func run(workers: Int) throws {
    if workers <= 1 {
      loop(0)
    } else {
      let region = Region(body: loop)
      try ThreadPool(workers: workers).run(workers, Unmanaged.passUnretained(region).toOpaque()) { context, index, _ in
        Unmanaged<Region>.fromOpaque(context).takeUnretainedValue().body(index)
      }
    }
    if let failure { throw failure }
  }

  private func loop(_ worker: Int) {
    while let (number, item) = next() {
      let output = work(worker, item)
      let goesOn = turns.locked {
        while finished != number { turns.wait() }
        return failure == nil
      }
      var error: (any Error)?
      if goesOn {
        do { try finish(item, output) } catch let thrown { error = thrown }
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
      do {
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
private final class Region {
  let body: (Int) -> Void
  init(body: @escaping (Int) -> Void) { self.body = body }
}
