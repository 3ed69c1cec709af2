// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A ceiling for the buffers of a call, or of a context and all its calls: those that are allocated while it is in force
/// count until they are freed, whenever that is.
package final class MemoryBudget: Sendable {
  package let limit: Int
  private let used = Atomic<Int>(0)

  /// - Parameter limit: bytes; what would pass it is refused before it is allocated.
  package init(limit: Int) { self.limit = limit }

  /// Tells whether the call may take `count` bytes more, before the first of them is taken: work that needs a lot is
  /// refused at once, not when most of it is done.
  ///
  /// - Throws: `resourceLimit`.
  package static func require(_ count: Int, for purpose: @autoclosure () -> String) throws(LiaeError) {
    for budget in CallScope.budgets where count > budget.limit - budget.used.load(ordering: .relaxed) {
      throw budget.exceeded(count, purpose)
    }
  }

  private func exceeded(_ count: Int, _ purpose: () -> String) -> LiaeError {
    LiaeError(
      .resourceLimit,
      "\(count) bytes for \(purpose()), beside \(used.load(ordering: .relaxed)) in use, would pass the memory limit of \(limit) bytes"
    )
  }

  fileprivate func take(_ count: Int, for purpose: () -> String) throws(LiaeError) {
    let before = used.add(count, ordering: .relaxed).oldValue
    guard count > limit - before else { return }
    give(count)
    throw exceeded(count, purpose)
  }

  fileprivate func give(_ count: Int) { used.subtract(count, ordering: .relaxed) }
}

/// A buffer's share of the budgets that were in force when it was allocated. Given back when the object goes.
final class MemoryCharge: Sendable {
  private let budgets: [MemoryBudget]
  private let count: Int

  /// Returns nil where no budget is in force.
  ///
  /// - Throws: `resourceLimit` where `count` bytes would pass one of them; none counts them then.
  static func inForce(_ count: Int, for purpose: () -> String) throws(LiaeError) -> MemoryCharge? {
    let budgets = CallScope.budgets
    guard !budgets.isEmpty else { return nil }
    for (index, budget) in budgets.enumerated() {
      do throws(LiaeError) { try budget.take(count, for: purpose) } catch {
        for taken in budgets[..<index] { taken.give(count) }
        throw error
      }
    }
    return MemoryCharge(budgets, count)
  }

  private init(_ budgets: [MemoryBudget], _ count: Int) { (self.budgets, self.count) = (budgets, count) }

  deinit { for budget in budgets { budget.give(count) } }
}
