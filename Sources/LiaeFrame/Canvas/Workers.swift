// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The threads that work on the rows of an image: the threads of a pool, or the caller alone.
///
/// Rows are independent of each other, so that a result does not depend on the number of threads.
package struct Workers: Sendable {
  private let pool: ThreadPool?

  /// - Parameter pool: nobody else may use it for the time; nil: the caller's thread alone.
  package init(_ pool: ThreadPool? = nil) { self.pool = pool }

  package static let single = Workers()

  /// The number of threads, including the caller's: for scratch memory, never for what a result depends on.
  package var count: Int { pool?.workers ?? 1 }

  /// Calls `body` for ranges that make up 0..<rows. Once the call is cancelled, ranges are left out, and what was to be
  /// written is undefined; the next allocation throws, and what follows without one has to check (`CallScope.check`).
  ///
  /// - Parameters:
  ///   - minimum: rows of a range at least, above 0, unless there are fewer.
  ///   - maximum: rows of a range at most, or somewhat more, unless `minimum` is larger: cancellation waits for one range
  ///     of each worker.
  package func bands(_ rows: Int, minimum: Int = 8, maximum: Int = 32, _ body: (Range<Int>) -> Void) {
    guard rows > 0 else { return }
    let most = max(1, rows / max(1, minimum))
    let count = min(most, max(self.count > 1 ? self.count * 8 : 1, rows / max(1, maximum)))
    guard let pool, pool.workers > 1, count > 1 else {
      for index in 0..<count where !CallScope.isCancelled { body(index * rows / count..<(index + 1) * rows / count) }
      return
    }
    withoutActuallyEscaping(body) { body in
      var region = Region(rows: rows, count: count, body: body)
      withUnsafeMutablePointer(to: &region) { pointer in
        pool.run(count, UnsafeMutableRawPointer(pointer)) { context, index, _ in
          let region = context.assumingMemoryBound(to: Region.self)
          let (rows, count) = (region.pointee.rows, region.pointee.count)
          region.pointee.body(index * rows / count..<(index + 1) * rows / count)
        }
      }
    }
  }

  private struct Region {
    let rows: Int
    let count: Int
    let body: (Range<Int>) -> Void
  }
}
