// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// Ctrl-C between two faces or files: what is being written is finished, nothing half-written stays. A second one ends at once.
package enum Interruption {
  private static let flag = Atomic<Bool>(false)

  /// - Parameter termination: whether the polite request of `kill` and of a machine that shuts down means the same, and the
  ///   end of the terminal, unless `nohup` has said that it does not matter.
  package static func watch(termination: Bool = false) {
    // Reading the flag here makes it before a signal can come; a handler must not run an initialiser.
    guard !flag.load(ordering: .relaxed) else { return }
    for number in termination ? [SIGINT, SIGTERM, SIGHUP] : [SIGINT] {
      var before = sigaction()
      sigaction(number, nil, &before)
      if number == SIGHUP, before.__sigaction_handler.sa_handler.map({ unsafeBitCast($0, to: Int.self) }) == 1 {
        continue
      }
      signal(number) { number in
        Interruption.flag.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
  }

  private static let request = Atomic<Bool>(false)

  /// Takes SIGUSR1 as a request to the program, which goes on; without this the signal ends it.
  package static func watchForRequests() {
    // As in `watch`: the flag is made here.
    guard !request.load(ordering: .relaxed) else { return }
    signal(SIGUSR1) { _ in Interruption.request.store(true, ordering: .relaxed) }
  }

  /// Tells whether a request has come since the last time that this was asked.
  package static func takeRequest() -> Bool { request.exchange(false, ordering: .relaxed) }

  package static var came: Bool { flag.load(ordering: .relaxed) }

  /// - Throws: `cancelled` once it came.
  package static func check() throws(LiaeError) {
    if came { throw LiaeError(.cancelled, "interrupted") }
  }
}
