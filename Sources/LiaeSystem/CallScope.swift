// SPDX-License-Identifier: Apache-2.0
import CLiaeProcess

/// Limits of one call of the library: flags that end it, and how much memory it may take.
///
/// Scopes are in force on the thread that enters them and on the workers of its parallel regions, and nest: a call is
/// held to all of them. Allocations look at them, and loops that may run for long call `check`.
package struct CallScope {
  /// The number that is not 0 once the call is to end. Any thread may set it.
  private let cancelFlag: UnsafePointer<Int32>?
  private let budget: MemoryBudget?
  /// True if flags of the scopes around do not count.
  private let ignoresOuterFlags: Bool
  private let outer: UnsafePointer<CallScope>?

  /// Runs `body` under a scope inside those that are in force. Allocates nothing.
  package static func with<Result>(
    cancelFlag: UnsafePointer<Int32>? = nil, budget: MemoryBudget? = nil, ignoringOuterFlags: Bool = false,
    _ body: () throws(LiaeError) -> Result
  ) throws(LiaeError) -> Result {
    let outer = current
    var scope = CallScope(
      cancelFlag: cancelFlag, budget: budget, ignoresOuterFlags: ignoringOuterFlags, outer: outer)
    defer { setCurrent(outer) }
    return try withUnsafePointer(to: &scope) { (pointer) throws(LiaeError) in
      setCurrent(pointer)
      return try body()
    }
  }

  /// Forgets the scopes of calls that a callback of the host has jumped out of: they stood deeper on this thread's stack,
  /// which grows downwards, than the call that begins here.
  package static func forgetAbandoned() {
    guard let current else { return }
    var here = 0
    withUnsafePointer(to: &here) { here in if UnsafeRawPointer(current) < UnsafeRawPointer(here) { setCurrent(nil) } }
  }

  /// Runs the last part of a call, which leaves what is the caller's whole or untouched: cancelled before it, or not at all.
  package static func finish(_ body: () throws(LiaeError) -> Void) throws(LiaeError) {
    try check()
    try with(ignoringOuterFlags: true, body)
  }

  /// - Throws: `cancelled`; `outOfMemory` after an allocation of this thread has failed.
  package static func check() throws(LiaeError) {
    try MemoryShortage.check()
    if isCancelled { throw cancelled }
  }

  /// The error of a call that was cancelled.
  static var cancelled: LiaeError { LiaeError(.cancelled, "the call was cancelled") }

  package static var isCancelled: Bool {
    var scope = current
    while let inner = scope?.pointee, !inner.ignoresOuterFlags {
      if let flag = inner.cancelFlag, liae_flag_load(flag) != 0 { return true }
      scope = inner.outer
    }
    return false
  }

  /// Tells whether a scope with this flag is in force.
  package static func holds(_ flag: CancelFlag) -> Bool {
    var scope = current
    while let inner = scope?.pointee {
      if inner.cancelFlag == flag.address { return true }
      scope = inner.outer
    }
    return false
  }

  /// The budgets in force, from the innermost outwards. Allocates nothing where there is none.
  static var budgets: [MemoryBudget] {
    var result: [MemoryBudget] = []
    var scope = current
    while let inner = scope?.pointee {
      if let budget = inner.budget { result.append(budget) }
      scope = inner.outer
    }
    return result
  }

  /// The innermost scope, to be put in force on a worker for one task.
  static var current: UnsafePointer<CallScope>? { liae_scope_current()?.assumingMemoryBound(to: CallScope.self) }
  static func setCurrent(_ scope: UnsafePointer<CallScope>?) { liae_scope_set_current(scope) }
}

/// Marks threads on which memory has run out. The mark stays until it is cleared: what was made since may stand in the
/// reserve, and is to be given up.
package enum MemoryShortage {
  package static func clear() { liae_memory_clear_shortage() }

  package static var isThere: Bool { liae_memory_is_short() != 0 }

  /// - Throws: `outOfMemory`.
  package static func check() throws(LiaeError) {
    if isThere { throw LiaeError(.outOfMemory, "out of memory") }
  }
}

/// A flag that ends the calls in whose scope it is, once any thread has set it.
package final class CancelFlag: @unchecked Sendable {
  private let memory = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  /// The address of the number that is not 0 once the flag is set. Valid while the flag is held.
  package var address: UnsafePointer<Int32> { UnsafePointer(memory) }

  package init() { memory.initialize(to: 0) }
  deinit { memory.deallocate() }

  package var isSet: Bool { liae_flag_load(memory) != 0 }
  package func set() { liae_flag_store(memory, 1) }
  package func clear() { liae_flag_store(memory, 0) }
}
