// SPDX-License-Identifier: Apache-2.0

/// Product and sum of sizes that come from outside, or nil where an `Int` cannot hold them or one is negative.
package enum CheckedSize {
  package static func product(_ sizes: some Sequence<Int>) -> Int? {
    var total = 1
    for size in sizes {
      guard size >= 0 else { return nil }
      let (value, overflow) = total.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      total = value
    }
    return total
  }

  package static func product(_ a: Int, _ b: Int) -> Int? {
    guard a >= 0, b >= 0 else { return nil }
    let (value, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : value
  }

  package static func sum(_ sizes: some Sequence<Int>) -> Int? {
    var total = 0
    for size in sizes {
      guard let next = sum(total, size) else { return nil }
      total = next
    }
    return total
  }

  package static func sum(_ a: Int, _ b: Int) -> Int? {
    guard a >= 0, b >= 0 else { return nil }
    let (value, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : value
  }
}
