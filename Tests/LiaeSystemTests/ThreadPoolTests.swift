// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import Testing

/// Fork and join, and what the thread sanitizer is to see of it.
@Suite struct ThreadPoolTests {
  /// The number of times that each index was run, and by workers that exist. Plain memory: a pool that does not order
  /// its tasks before the return of `run` is a data race on it.
  private final class Tally {
    var counts: [Int]
    var workers: [Int]
    init(_ count: Int) { (counts, workers) = (Array(repeating: 0, count: count), Array(repeating: -1, count: count)) }

    func run(on pool: ThreadPool) {
      counts.withUnsafeMutableBufferPointer { counts in
        workers.withUnsafeMutableBufferPointer { workers in
          var region = Region(counts: counts, workers: workers)
          withUnsafeMutablePointer(to: &region) { region in
            pool.run(counts.count, UnsafeMutableRawPointer(region)) { raw, index, worker in
              let region = raw.assumingMemoryBound(to: Region.self).pointee
              region.counts[index] += 1
              region.workers[index] = worker
            }
          }
        }
      }
    }
  }
  private struct Region {
    let counts, workers: UnsafeMutableBufferPointer<Int>
  }

  @Test(arguments: [1, 2, 3, 8]) func everyIndexOnce(workers: Int) throws {
    let pool = try ThreadPool(workers: workers)
    for (round, count) in [0, 1, 2, 7, 64, 1000].enumerated() {
      let tally = Tally(count)
      // Also while the workers are awake between regions.
      if round % 2 == 0 { pool.begin() }
      for _ in 0..<50 { tally.run(on: pool) }
      pool.end()
      #expect(tally.counts.allSatisfy { $0 == 50 })
      #expect(tally.workers.allSatisfy { (0..<workers).contains($0) })
    }
  }

  @Test func poolsComeAndGo() throws {
    for round in 0..<50 {
      let pool = try ThreadPool(workers: 3)
      let tally = Tally(10)
      if round % 2 == 0 { tally.run(on: pool) }
      #expect(tally.counts.allSatisfy { $0 == (round + 1) % 2 })
    }
  }

  @Test func aHostsPoolBackwards() throws {
    let pool = try ThreadPool(
      workers: 4,
      host: { _, count, task, context in
        #expect(count == 4)
        for index in (0..<count).reversed() { task(context, index) }
      })
    let tally = Tally(100)
    tally.run(on: pool)
    #expect(tally.counts.allSatisfy { $0 == 1 })
  }

  /// Each worker has scratch memory of its own: an index that was not asked for has none.
  @Test func aHostThatCallsIndicesThatWereNotAskedFor() throws {
    let pool = try ThreadPool(
      workers: 2,
      host: { _, count, task, context in for index in [count, -1, .max, .min, 1] { task(context, index) } })
    let tally = Tally(100)
    tally.run(on: pool)
    #expect(tally.counts.allSatisfy { $0 == 1 })
    #expect(tally.workers.allSatisfy { $0 == 1 })
  }
}
