// SPDX-License-Identifier: Apache-2.0

/// Memory of parameters that kernels point into.
package final class Table<Element> {
  package let pointer: UnsafeMutablePointer<Element>
  package init(_ elements: [Element]) {
    pointer = .allocate(capacity: max(1, elements.count))
    _ = UnsafeMutableBufferPointer(start: pointer, count: elements.count).initialize(from: elements)
  }
  deinit { pointer.deallocate() }
}
