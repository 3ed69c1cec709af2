// SPDX-License-Identifier: Apache-2.0
import CLiaeAllocationCounter
import LiaeSystem
import Synchronization

/// Heap allocations of this thread while `body` runs, or nil where they cannot be counted (under a sanitizer).
package func allocationsOfThisThread(_ body: () throws -> Void) rethrows -> Int? {
  guard liae_test_allocations_are_counted() != 0 else { return nil }
  let before = liae_test_allocation_count()
  try body()
  return Int(liae_test_allocation_count() - before)
}

/// One injected fault at a time: the countdown is the process's.
private let faultLock = Mutex<Void>(())

/// Runs `body` again and again, failing the first `Bytes.allocate` of this thread in the first round, the second in the
/// second, until a round asks for fewer. Every failed round has to throw `outOfMemory`.
///
/// - Returns: how many rounds failed as they should, and what the others threw or, where they did not, that they did
///   not.
package func failingEveryAllocation(limit: Int = 10_000, _ body: () throws(LiaeError) -> Void) -> (
  failures: Int, surprises: [String]
) {
  faultLock.withLock { _ in
    var surprises: [String] = []
    for n in 0..<limit {
      AllocationFaults.fail(at: n)
      defer { AllocationFaults.fail(at: nil) }
      do throws(LiaeError) {
        try body()
        if !AllocationFaults.hasFailed { return (n, surprises) }
        surprises.append("allocation \(n) failed and nobody said so")
      } catch {
        if error.status != .outOfMemory { surprises.append("allocation \(n): \(error.status) \(error)") }
        if !AllocationFaults.hasFailed { return (n, surprises + ["without a fault: \(error)"]) }
      }
    }
    return (limit, surprises + ["still failing after \(limit) allocations"])
  }
}
