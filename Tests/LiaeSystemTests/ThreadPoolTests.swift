// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeSystem
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
  /// What the tasks of a region count.
  final class Counts: Sendable {
    let hits: [Counter]
    let wrongWorkers = Atomic<Int>(0)
    let workers: Int
    final class Counter: Sendable { let value = Atomic<Int>(0) }
    init(_ count: Int, workers: Int) {
      hits = (0..<count).map { _ in Counter() }
      self.workers = workers
    }
  }

  private func runRegion(_ pool: ThreadPool, _ counts: Counts) {
    withExtendedLifetime(counts) {
      pool.run(counts.hits.count, Unmanaged.passUnretained(counts).toOpaque()) { raw, index, worker in
        let counts = Unmanaged<Counts>.fromOpaque(raw).takeUnretainedValue()
        counts.hits[index].value.add(1, ordering: .relaxed)
        if worker < 0 || worker >= counts.workers { counts.wrongWorkers.add(1, ordering: .relaxed) }
      }
    }
  }

  /// Regions follow one another with and without pauses, so that workers are found spinning, falling asleep and asleep.
  @Test(arguments: [1, 2, 3, 8], [true, false])
  func everyIndexRunsOnce(workers: Int, inRun: Bool) throws {
    let pool = try ThreadPool(workers: workers)
    for round in 0..<300 {
      if inRun { pool.begin() }
      let counts = Counts(round % 17, workers: workers)
      runRegion(pool, counts)
      #expect(counts.hits.allSatisfy { $0.value.load(ordering: .relaxed) == 1 }, "round \(round)")
      #expect(counts.wrongWorkers.load(ordering: .relaxed) == 0)
      if inRun { pool.end() }
      if round % 50 == 0 { usleep(2000) }
    }
  }

  @Test func aHostsPoolRunsTheTasks() throws {
    // The host runs its calls one after another, last index first, which a host may.
    let pool = try ThreadPool(
      workers: 4,
      host: { calls, count, function, context in
        calls?.assumingMemoryBound(to: Int.self).pointee += count
        for index in (0..<count).reversed() { function(context, index) }
      }, hostData: Self.hostCalls)
    let counts = Counts(1000, workers: 4)
    runRegion(pool, counts)
    #expect(counts.hits.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
    #expect(Self.hostCalls.assumingMemoryBound(to: Int.self).pointee == 4)
  }

  private nonisolated(unsafe) static let hostCalls: UnsafeMutableRawPointer = {
    let pointer = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
    pointer.storeBytes(of: 0, as: Int.self)
    return pointer
  }()

  @Test func threadsEndWithTheirPool() throws {
    func threadCount() throws -> Int { try File.list("/proc/self/task").count }
    // Other tests start and end threads meanwhile: 60 of ours would show.
    let before = try threadCount()
    for _ in 0..<30 { _ = try ThreadPool(workers: 3) }
    #expect(try threadCount() < before + 40)
  }
}
