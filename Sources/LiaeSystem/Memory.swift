// SPDX-License-Identifier: Apache-2.0
import CLiaeProcess
import Glibc
import Synchronization

/// Bytes that stay valid and unchanged while the object lives: memory of our own, or a file of packed weights that is
/// mapped. Every other file is read (`read(path:)`): a mapped file that somebody truncates ends the process (SIGBUS).
///
/// Big buffers are never Swift arrays: an `Array` that cannot grow ends the process, this can say so.
package final class Bytes: @unchecked Sendable {
  package let base: UnsafeMutableRawPointer
  package let count: Int
  private let release: Release
  private let charge: MemoryCharge?

  private enum Release {
    case free
    case unmap(UnsafeMutableRawPointer, Int)
    /// A file that is only read.
    case unmapFile
    case nothing
    case slice(of: Bytes)
  }

  private init(base: UnsafeMutableRawPointer, count: Int, release: Release, charge: MemoryCharge? = nil) {
    self.base = base
    self.count = count
    self.release = release
    self.charge = charge
  }

  deinit {
    switch release {
    case .free: Glibc.free(base)
    case .unmap(let address, let length): munmap(address, length)
    case .unmapFile: munmap(base, count)
    case .nothing, .slice: break
    }
  }

  package var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  package static let alignment = 64
  private static let pageAlignment = 4096
  private static let hugePage = 1 << 21

  /// Memory of our own, zeroed, aligned to 64 bytes; to 2 MB, and asking for huge pages, from 2 MB up.
  ///
  /// - Throws: `outOfMemory`; `resourceLimit`, `cancelled` where the scope of the call says so.
  package static func allocate(_ count: Int, for purpose: @autoclosure () -> String = "a buffer")
    throws(LiaeError) -> Bytes
  {
    try allocate(count, purpose) { () -> (UnsafeMutableRawPointer, Release)? in
      // mmap gives zeroed pages, so nothing is touched before it is used.
      guard count < hugePage else { return mapped(count) }
      var address: UnsafeMutableRawPointer?
      let padded = max(count, 1)
      guard liae_memory_allocate(&address, count >= pageAlignment ? pageAlignment : alignment, padded) == 0, let address
      else { return nil }
      memset(address, 0, padded)
      return (address, .free)
    }
  }

  /// Memory of our own that holds anything, aligned to 64 bytes, for what is written whole before it is read. It comes
  /// from malloc, which keeps what is freed for the next time: pages that are new each time cost more than most image
  /// operations. Blocks that glibc would map and unmap each time, those above 32 MB, are huge pages: to give 400 MB of
  /// small pages back takes 50 ms, in which a call that is cancelled cannot return.
  ///
  /// - Throws: as `allocate`.
  package static func allocateUnfilled(_ count: Int, for purpose: @autoclosure () -> String) throws(LiaeError) -> Bytes
  {
    try allocate(count, purpose) { () -> (UnsafeMutableRawPointer, Release)? in
      guard count <= mallocKeeps else { return mapped(count) }
      var address: UnsafeMutableRawPointer?
      guard liae_memory_allocate(&address, alignment, max(count, 1)) == 0, let address else { return nil }
      return (address, .free)
    }
  }

  /// The size up to which glibc's malloc keeps blocks that are freed (its largest M_MMAP_THRESHOLD).
  private static let mallocKeeps = 32 << 20

  /// Zeroed pages of the system, aligned to huge ones, and huge where the system has them; nil: there is no memory.
  private static func mapped(_ count: Int) -> (UnsafeMutableRawPointer, Release)? {
    guard let padded = CheckedSize.sum(count, hugePage) else { return nil }
    let address = mmap(nil, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address, address != MAP_FAILED else { return nil }
    let aligned = UnsafeMutableRawPointer(
      bitPattern: (UInt(bitPattern: address) + UInt(hugePage) - 1) & ~UInt(hugePage - 1))
    guard let aligned else { return nil }
    madvise(aligned, count, Int32(MADV_HUGEPAGE))
    return (aligned, .unmap(address, padded))
  }

  /// Memory that `take` gets from the system, counted in the budget of the call.
  private static func allocate(
    _ count: Int, _ purpose: () -> String, _ take: () -> (UnsafeMutableRawPointer, Release)?
  ) throws(LiaeError) -> Bytes {
    func refuse() -> LiaeError { LiaeError(.outOfMemory, "out of memory: \(count) bytes for \(purpose())") }
    guard count >= 0 else { throw refuse() }
    try CallScope.check()
    let charge = try MemoryCharge.inForce(count, for: purpose)
    guard !AllocationFaults.shouldFail(), let (base, release) = take() else { throw refuse() }
    let result = Bytes(base: base, count: count, release: release, charge: charge)
    // The object itself may have come from the reserve, which is not to be held.
    try MemoryShortage.check()
    return result
  }

  /// Memory of somebody else, who keeps it valid and unchanged for as long as this object lives.
  package static func borrow(_ memory: UnsafeRawBufferPointer) -> Bytes {
    // An empty buffer may have no address; any non-null one will do for zero bytes.
    let base = memory.baseAddress ?? UnsafeRawPointer(bitPattern: alignment)
    return Bytes(base: UnsafeMutableRawPointer(mutating: base!), count: memory.count, release: .nothing)
  }

  /// A part of `whole`, which it keeps alive. The range must lie inside it.
  package static func slice(_ whole: Bytes, offset: Int, count: Int) -> Bytes {
    precondition(offset >= 0 && count >= 0 && offset <= whole.count - count)
    return Bytes(base: whole.base + offset, count: count, release: .slice(of: whole))
  }

  /// A copy of `bytes`.
  package static func copy(_ bytes: UnsafeRawBufferPointer, for purpose: @autoclosure () -> String = "a copy")
    throws(LiaeError) -> Bytes
  {
    let copy = try allocate(bytes.count, for: purpose())
    if let source = bytes.baseAddress { copy.base.copyMemory(from: source, byteCount: bytes.count) }
    return copy
  }

  /// The whole file, mapped. Its pages are the page cache's: nothing is copied, and processes share them. A read past the
  /// end of a file that was truncated meanwhile ends the process: for files alone that are replaced by their names.
  ///
  /// - Throws: `inputOutput`.
  package static func map(_ file: File) throws(LiaeError) -> Bytes {
    let length = try file.length()
    if length == 0 { return try allocate(0) }
    let address = mmap(nil, length, PROT_READ, MAP_SHARED, file.descriptor, 0)
    guard let address, address != MAP_FAILED else {
      throw LiaeError(.inputOutput, "\(file.path): cannot be mapped: \(systemMessage(errno))")
    }
    return Bytes(base: address, count: length, release: .unmapFile)
  }

  /// Makes the system read a mapped file ahead, all of it. Of bytes that begin at a page.
  package func readAhead() { madvise(base, count, Int32(MADV_WILLNEED)) }

  /// Puts other bytes in place of whole pages, at the same addresses: of a mapped file they become memory of this
  /// process, and the file stays as it is. `offset` is a multiple of 4096, and nobody reads there meanwhile.
  ///
  /// - Throws: `outOfMemory`.
  package func replacePages(offset: Int, with bytes: Bytes) throws(LiaeError) {
    precondition(offset >= 0 && offset <= count - bytes.count && offset % Self.pageAlignment == 0)
    defer { withExtendedLifetime((self, bytes)) {} }
    if case .slice(let whole) = release {
      return try whole.replacePages(offset: base - whole.base + offset, with: bytes)
    }
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
    guard case .unmapFile = release, bytes.count > 0 else {
      return (base + offset).copyMemory(from: bytes.base, byteCount: bytes.count)
    }
    let address = mmap(base + offset, bytes.count, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let address, address != MAP_FAILED else {
      throw LiaeError(.outOfMemory, "out of memory: \(bytes.count) bytes in place of damaged ones")
    }
    address.copyMemory(from: bytes.base, byteCount: bytes.count)
  }
}

/// Makes the n-th allocation from now fail, so that tests can run every out-of-memory path.
package enum AllocationFaults {
  private static let countdown = Atomic<Int>(-1)
  private static let thread = Atomic<UInt>(0)
  private static let failed = Atomic<Bool>(false)

  /// Fails allocation number `n` (0 is the next one) of the calling thread; nil ends it. Other threads, which may be
  /// running other tests, are left alone. One fault at a time in the process.
  package static func fail(at n: Int?) {
    failed.store(false, ordering: .relaxed)
    thread.store(pthread_self(), ordering: .relaxed)
    countdown.store(n ?? -1, ordering: .sequentiallyConsistent)
  }

  /// True if the fault has come since `fail(at:)`.
  package static var hasFailed: Bool { failed.load(ordering: .relaxed) }

  static func shouldFail() -> Bool {
    if countdown.load(ordering: .relaxed) < 0 || thread.load(ordering: .relaxed) != pthread_self() { return false }
    guard countdown.subtract(1, ordering: .sequentiallyConsistent).oldValue == 0 else { return false }
    failed.store(true, ordering: .relaxed)
    return true
  }
}
