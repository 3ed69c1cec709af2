// SPDX-License-Identifier: Apache-2.0
import Glibc

// Compiled into LiaeSystem: what Embedded Swift's standard library lacks, or has in a form that casts at run time.

package final class Mutex<Value>: @unchecked Sendable {
  private var value: Value
  private let lock: UnsafeMutablePointer<pthread_mutex_t>

  package init(_ value: Value) {
    self.value = value
    lock = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  package func withLock<Result, E: Error>(_ body: (inout Value) throws(E) -> Result) throws(E) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return try body(&value)
  }
}

extension DefaultStringInterpolation {
  package mutating func appendInterpolation(_ list: [Int]) {
    appendLiteral("[")
    for (index, value) in list.enumerated() { appendInterpolation("\(index == 0 ? "" : ", ")\(value)") }
    appendLiteral("]")
  }

  package mutating func appendInterpolation(_ range: ClosedRange<Int>) {
    appendInterpolation("\(range.lowerBound)...\(range.upperBound)")
  }
}

extension Dictionary {
  package init(_ pairs: [(Key, Value)], uniquingKeysWith combine: (Value, Value) -> Value) {
    self.init(minimumCapacity: pairs.count)
    for (key, value) in pairs {
      if let known = self[key] { self[key] = combine(known, value) } else { self[key] = value }
    }
  }
}
