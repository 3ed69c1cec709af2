// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Monotonic time in nanoseconds.
package func monotonicNanoseconds() -> Int {
  var t = timespec()
  clock_gettime(CLOCK_MONOTONIC, &t)
  return Int(t.tv_sec) * 1_000_000_000 + Int(t.tv_nsec)
}

/// An environment variable, or nil.
package func environmentVariable(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

/// How many processors this process may use, at least 1.
package func processorCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
