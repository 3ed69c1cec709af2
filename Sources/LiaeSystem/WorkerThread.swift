// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A thread that runs one function, in the floating-point environment that a process starts with. Signals are for the
/// host's threads: it takes none but those of its own faults.
package final class WorkerThread: Sendable {
  private let thread: pthread_t

  /// - Throws: `threadFailure`.
  package init(_ body: @escaping @Sendable () -> Void) throws(LiaeError) {
    var all = sigset_t(), before = sigset_t()
    sigfillset(&all)
    // Where these are blocked, a fault ends the process without the host's handler.
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGXFSZ] { sigdelset(&all, fault) }
    pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let start = Unmanaged.passRetained(Start(body))
    let code = pthread_create(
      &thread, nil,
      { raw in
        guard let raw else { return nil }
        FloatingPointEnvironment.makeStandard()
        Unmanaged<Start>.fromOpaque(raw).takeRetainedValue().body()
        return nil
      }, start.toOpaque())
    guard code == 0 else {
      start.release()
      throw LiaeError(.threadFailure, "a thread could not be started: \(systemMessage(code))")
    }
    self.thread = thread
  }

  /// Waits until the function has returned. To be called once: nobody else frees the thread.
  package func join() { pthread_join(thread, nil) }

  private final class Start {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
