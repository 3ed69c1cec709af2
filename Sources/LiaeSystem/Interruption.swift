// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// Ctrl-C: work ends at its next look at the cancellation, and files that are being written are given up; nothing half-written
/// stays. A second one ends the process at once.
package enum Interruption {
  private static let flag = CancelFlag()

  /// - Parameter termination: whether the polite request of `kill` and of a machine that shuts down means the same, and the
  ///   end of the terminal, unless `nohup` has said that it does not matter.
  package static func watch(termination: Bool = false) {
    // Reading the flag here makes it before a signal can come; a handler must not run an initialiser.
    guard !flag.isSet else { return }
    for number in termination ? [SIGINT, SIGTERM, SIGHUP] : [SIGINT] {
      var before = sigaction()
      sigaction(number, nil, &before)
      if number == SIGHUP, before.__sigaction_handler.sa_handler.map({ unsafeBitCast($0, to: Int.self) }) == 1 {
        continue
      }
      signal(number) { number in
        Interruption.flag.set()
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

  package static var came: Bool { flag.isSet }

  /// Watches for Ctrl-C and runs `body` in a scope that ends with `cancelled` once it came, at the next look at the
  /// cancellation.
  package static func scope<Result>(_ body: () throws(LiaeError) -> Result) throws(LiaeError) -> Result {
    watch()
    do throws(LiaeError) { return try CallScope.with(cancelFlag: flag.address, body) } catch {
      throw error.status == .cancelled ? LiaeError(.cancelled, "interrupted") : error
    }
  }
}
