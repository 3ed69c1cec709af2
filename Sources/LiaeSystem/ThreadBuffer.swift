// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A zeroed buffer of fixed size for each thread, made at the thread's first call and freed when the thread ends.
package struct ThreadBuffer: Sendable {
  private let key: pthread_key_t?
  package let capacity: Int

  package init(capacity: Int) {
    var key = pthread_key_t()
    self.key = pthread_key_create(&key, { free($0) }) == 0 ? key : nil
    self.capacity = capacity
  }

  /// This thread's buffer of `capacity` bytes; nil when there is no memory or no key left.
  package var current: UnsafeMutablePointer<CChar>? {
    guard let key else { return nil }
    if let buffer = pthread_getspecific(key) { return buffer.assumingMemoryBound(to: CChar.self) }
    guard let fresh = calloc(capacity, 1) else { return nil }
    guard pthread_setspecific(key, fresh) == 0 else {
      free(fresh)
      return nil
    }
    return fresh.assumingMemoryBound(to: CChar.self)
  }
}
