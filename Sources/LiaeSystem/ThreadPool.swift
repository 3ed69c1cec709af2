// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// One task of a parallel region: `context` is the region's, `index` counts tasks, `worker` is the slot that runs it,
/// so that each has scratch of its own.
package typealias ParallelTask =
  @convention(c) (_ context: UnsafeMutableRawPointer, _ index: Int, _ worker: Int) -> Void

/// Runs a function once for each index in 0..<count on any threads, and returns when all have returned: a host's pool.
package typealias HostParallelFor =
  @convention(c) (
    _ userData: UnsafeMutableRawPointer?, _ count: Int,
    _ function: @convention(c) (_ context: UnsafeMutableRawPointer?, _ index: Int) -> Void,
    _ context: UnsafeMutableRawPointer?
  ) -> Void

/// Fork and join over a fixed set of workers: threads of its own, or a host's.
///
/// Tasks are handed out by a counter, so which worker runs which is open; work must not depend on it. Threads spin for
/// some microseconds for the next region while a run is going on (`begin` ... `end`), and sleep otherwise. A region
/// waits only for workers that have entered it: one that is still waking up is not missed. Nothing allocates.
package final class ThreadPool: Sendable {
  private let shared: SharedState
  package var workers: Int { shared.workers }

  /// - Parameter workers: the caller's thread included; 1 starts none.
  /// - Throws: `threadFailure`.
  package init(workers: Int, host: HostParallelFor? = nil, hostData: UnsafeMutableRawPointer? = nil) throws(LiaeError) {
    shared = SharedState(workers: max(1, workers), host: host, hostData: hostData)
    if host == nil { try shared.start() }
  }

  deinit { shared.stop() }

  /// A run begins: workers that finish a region wait for the next one awake.
  package func begin() {
    shared.hasFailed.store(false, ordering: .relaxed)
    shared.setRunning(true)
  }
  package func end() { shared.setRunning(false) }

  /// Runs `task(context, index, worker)` for each index in 0..<count. One region at a time. Once the call is cancelled,
  /// tasks that have not begun are skipped: what comes after the region has to check.
  package func run(_ count: Int, _ context: UnsafeMutableRawPointer, _ task: ParallelTask) {
    shared.run(count, context, task)
  }

  /// - Throws: `threadFailure` where a host's pool has returned from a region since `begin` without running all of it.
  package func check() throws(LiaeError) {
    guard !shared.hasFailed.load(ordering: .relaxed) else {
      throw LiaeError(
        .threadFailure,
        "parallel_for returned without having called the task for each index; it must, before it returns")
    }
  }
}

/// The state that the threads of a pool share. They retain it, not the pool, so that the pool can end them when it
/// goes.
private final class SharedState: @unchecked Sendable {
  let workers: Int
  private let host: HostParallelFor?
  private let hostData: UnsafeMutableRawPointer?

  private var task: ParallelTask = { _, _, _ in }
  private var context: UnsafeMutableRawPointer
  private var count = 0
  /// The scope of the call that opened the region.
  private var scope: UnsafePointer<CallScope>?
  /// Tasks of a region that a host's pool has run or skipped.
  private let finished = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  /// generation << 32 | open << 31 | workers inside
  private let state = Atomic<UInt64>(0)
  private let sleeping = Atomic<Int>(0)
  private let running = Atomic<Bool>(false)
  private let ending = Atomic<Bool>(false)
  let hasFailed = Atomic<Bool>(false)
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var threads: [WorkerThread] = []

  private static let open: UInt64 = 1 << 31
  private static let inside: UInt64 = open - 1
  /// Loads of `state` before a worker sleeps in a run, some 100 microseconds: longer than most waits between regions.
  private static let spins = 100_000

  init(workers: Int, host: HostParallelFor?, hostData: UnsafeMutableRawPointer?) {
    (self.workers, self.host, self.hostData) = (workers, host, hostData)
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
    context = UnsafeMutableRawPointer(mutex)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(condition)
    mutex.deallocate()
    condition.deallocate()
  }

  /// - Throws: `threadFailure`, with no thread left.
  func start() throws(LiaeError) {
    for worker in 1..<workers {
      do throws(LiaeError) { threads.append(try WorkerThread { self.work(worker) }) } catch {
        stop()
        throw error.within("thread \(worker) of \(workers)")
      }
    }
  }

  func stop() {
    ending.store(true, ordering: .sequentiallyConsistent)
    wake()
    for thread in threads { thread.join() }
    threads = []
  }

  func setRunning(_ isRunning: Bool) { running.store(isRunning, ordering: .releasing) }

  func run(_ count: Int, _ context: UnsafeMutableRawPointer, _ task: ParallelTask) {
    if workers == 1 || count <= 1 {
      for index in 0..<max(0, count) where !CallScope.isCancelled { task(context, index, 0) }
      return
    }
    (self.task, self.context, self.count, scope) = (task, context, count, CallScope.current)
    next.store(0, ordering: .relaxed)
    if let host {
      finished.store(0, ordering: .relaxed)
      host(
        hostData, min(workers, count),
        { raw, worker in
          guard let raw else { return }
          let shared = Unmanaged<SharedState>.fromOpaque(raw).takeUnretainedValue()
          // Another index has no scratch memory.
          guard (0..<shared.workers).contains(worker) else { return }
          // The host's thread gets back what it had.
          let host = CallScope.current
          defer { CallScope.setCurrent(host) }
          FloatingPointEnvironment.standard { shared.drain(worker) }
        }, Unmanaged.passUnretained(self).toOpaque())
      if finished.load(ordering: .acquiring) != count { hasFailed.store(true, ordering: .relaxed) }
      return
    }
    let generation = (state.load(ordering: .relaxed) >> 32) &+ 1
    state.store(generation << 32 | Self.open, ordering: .sequentiallyConsistent)
    if sleeping.load(ordering: .sequentiallyConsistent) > 0 { wake() }
    drain(0)
    state.bitwiseAnd(~Self.open, ordering: .acquiringAndReleasing)
    var spins = 0
    while state.load(ordering: .acquiring) & Self.inside != 0 {
      spins += 1
      if spins > 2000 { sched_yield() }
    }
  }

  private func drain(_ worker: Int) {
    let (task, context, count) = (task, context, count)
    CallScope.setCurrent(scope)
    var done = 0
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      if index >= count { break }
      if !CallScope.isCancelled { task(context, index, worker) }
      done += 1
    }
    if host != nil { finished.add(done, ordering: .releasing) }
  }

  private func wake() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  private func work(_ worker: Int) {
    var seen: UInt64 = 0
    while true {
      var spins = 0
      var now = state.load(ordering: .acquiring)
      while now & Self.open == 0 || now >> 32 == seen {
        spins += 1
        if ending.load(ordering: .relaxed) { return }
        if spins > Self.spins || !running.load(ordering: .relaxed) {
          sleep(after: seen)
          spins = 0
        }
        now = state.load(ordering: .acquiring)
      }
      seen = now >> 32
      // Enter, unless the region closes first.
      var entered = false
      while now & Self.open != 0 && now >> 32 == seen {
        let (exchanged, original) = state.compareExchange(
          expected: now, desired: now + 1, ordering: .acquiringAndReleasing)
        if exchanged {
          entered = true
          break
        }
        now = original
      }
      if entered {
        drain(worker)
        state.subtract(1, ordering: .releasing)
      }
    }
  }

  /// Sleeps until a region opens that is not `seen`, or the pool ends.
  private func sleep(after seen: UInt64) {
    pthread_mutex_lock(mutex)
    sleeping.add(1, ordering: .sequentiallyConsistent)
    while true {
      let now = state.load(ordering: .sequentiallyConsistent)
      if ending.load(ordering: .sequentiallyConsistent) || now & Self.open != 0 && now >> 32 != seen { break }
      pthread_cond_wait(condition, mutex)
    }
    sleeping.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }
}
