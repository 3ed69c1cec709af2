// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// Ctrl-C between two faces or files: what is being written is finished, nothing half-written stays. A second one ends at once.
package enum Interruption {
  private static let flag = Atomic<Bool>(false)

  package static func watch() {
    // Reading the flag here makes it before a signal can come; a handler must not run an initialiser.
    guard !flag.load(ordering: .relaxed) else { return }
    signal(SIGINT) { _ in
      Interruption.flag.store(true, ordering: .relaxed)
      signal(SIGINT, SIG_DFL)
    }
  }

  package static var came: Bool { flag.load(ordering: .relaxed) }

  package static func check() throws {
    if came { throw Failure(.interrupted, "interrupted") }
  }
}
