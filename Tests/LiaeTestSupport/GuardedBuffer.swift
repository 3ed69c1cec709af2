// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Floats that end, with `padding` more of them, right before a page that may not be touched: a kernel that reads or
/// writes further than it documents crashes here and not in somebody's program.
package final class GuardedBuffer {
  package let values: UnsafeMutablePointer<Float>
  package let count: Int
  package let padding: Int
  private let mapping: UnsafeMutableRawPointer
  private let mappedBytes: Int
  /// The bits that the padding holds until somebody writes there.
  private static let canary = Float(bitPattern: 0x7fc0_beef)

  /// - Parameter padding: floats past the end that the kernel may read. They are NaNs, so that what is computed from
  ///   them shows.
  package init(_ initial: [Float], padding: Int = 0) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let bytes = (initial.count + padding) * MemoryLayout<Float>.size
    let usable = (bytes + page - 1) / page * page
    mappedBytes = usable + page
    let address = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address, address != MAP_FAILED, mprotect(address + usable, page, PROT_NONE) == 0 else {
      fatalError("no memory for a test buffer of \(bytes) bytes")
    }
    (mapping, count, self.padding) = (address, initial.count, padding)
    values = (address + usable - bytes).bindMemory(to: Float.self, capacity: initial.count + padding)
    values.initialize(from: initial, count: initial.count)
    (values + count).initialize(repeating: Self.canary, count: padding)
  }

  package convenience init(count: Int, padding: Int = 0) {
    self.init([Float](repeating: 0, count: count), padding: padding)
  }

  deinit { munmap(mapping, mappedBytes) }

  package var array: [Float] { Array(UnsafeBufferPointer(start: values, count: count)) }

  /// True if nothing has been written past the end.
  package var paddingIsUntouched: Bool {
    (count..<count + padding).allSatisfy { values[$0].bitPattern == Self.canary.bitPattern }
  }
}
