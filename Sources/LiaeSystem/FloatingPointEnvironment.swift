// SPDX-License-Identifier: Apache-2.0
import CLiaeProcess

/// Rounding mode, treatment of subnormals, and delivery of floating-point exceptions of a thread.
package enum FloatingPointEnvironment {
  /// Runs `body` with what a process starts with, so that results do not depend on the host and no exception is
  /// delivered; then restores what the thread had, flags included.
  package static func standard<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    let host = liae_float_environment_enter()
    defer { liae_float_environment_leave(host) }
    return try body()
  }

  /// Sets the standard environment for the rest of the thread.
  static func makeStandard() { _ = liae_float_environment_enter() }
}
