// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Monotonic time in nanoseconds.
package func monotonicNanoseconds() -> Int { nanoseconds(CLOCK_MONOTONIC) }

/// Returns the processor time of all threads of this process together, in nanoseconds.
package func processorNanoseconds() -> Int { nanoseconds(CLOCK_PROCESS_CPUTIME_ID) }

private func nanoseconds(_ clock: clockid_t) -> Int {
  var t = timespec()
  clock_gettime(clock, &t)
  return Int(t.tv_sec) * 1_000_000_000 + Int(t.tv_nsec)
}

/// An environment variable, or nil.
package func environmentVariable(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

/// Returns the number of processors that this process may use, at least 1.
package func processorCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
