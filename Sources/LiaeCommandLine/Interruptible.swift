// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Runs work that Ctrl-C cancels: files that are being written are given up, and what the library computes ends at its
/// next look at the cancellation. A second Ctrl-C ends the process.
///
/// - Throws: what `work` throws; `cancelled`.
package func interruptible<Outcome>(_ work: () throws -> Outcome) throws -> Outcome {
  return try Interruption.scope { () throws(LiaeError) in
    let result = Result { try work() }
    // So that the scope may say how it was cancelled.
    if case .failure(let error as LiaeError) = result { throw error }
    return result
  }.get()
}
