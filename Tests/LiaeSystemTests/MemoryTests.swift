// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct MemoryTests {
  @Test(arguments: [0, 1, 63, 64, 4095, 4096, 4097, (1 << 21) - 1, 1 << 21, (1 << 21) + 1, 5 << 20])
  func memoryIsZeroedAndAligned(size: Int) throws {
    let bytes = try Bytes.allocate(size)
    #expect(bytes.count == size && bytes.raw.count == size)
    #expect(UInt(bitPattern: bytes.base) % UInt(Bytes.alignment) == 0)
    if size >= 1 << 21 { #expect(UInt(bitPattern: bytes.base) % (1 << 21) == 0) }
    #expect(bytes.raw.allSatisfy { $0 == 0 })
    bytes.base.initializeMemory(as: UInt8.self, repeating: 0xff, count: size)
    #expect(bytes.raw.allSatisfy { $0 == 0xff })
  }

  @Test(arguments: [-1, Int.min, Int.max, Int.max - 4096, 1 << 60])
  func impossibleSizesAreRefused(size: Int) {
    do throws(LiaeError) {
      _ = try Bytes.allocate(size, for: "the test")
      Issue.record("\(size) bytes were there")
    } catch {
      #expect(error.status == .outOfMemory)
      #expect(error.message.contains("\(size)") && error.message.contains("the test"))
    }
  }

  @Test func aCopyIsApartFromItsSource() throws {
    var source: [UInt8] = [1, 2, 3]
    let copy = try source.withUnsafeBytes { (raw) throws(LiaeError) in try Bytes.copy(raw) }
    source[0] = 9
    #expect(copy.raw.elementsEqual([1, 2, 3]))
    #expect(try Bytes.copy(UnsafeRawBufferPointer(start: nil, count: 0)).count == 0)
    #expect(Bytes.borrow(UnsafeRawBufferPointer(start: nil, count: 0)).raw.isEmpty)
  }

  @Test func theChosenAllocationFails() {
    let (failures, surprises) = failingEveryAllocation { () throws(LiaeError) in
      for size in [1, 100, 3 << 20] { _ = try Bytes.allocate(size) }
    }
    #expect(failures == 3)
    #expect(surprises == [])
  }

  @Test func allocationsAreCounted() throws {
    let none = allocationsOfThisThread {}
    // The object and its memory.
    let some = try allocationsOfThisThread { _ = try Bytes.allocate(100) }
    #expect(none == nil || none == 0)
    #expect(some == nil || some == 2)
  }

  @Test func aSwallowedFailureIsNoticed() {
    let (_, surprises) = failingEveryAllocation { () throws(LiaeError) in _ = try? Bytes.allocate(1) }
    #expect(surprises.count == 1)
  }
}

@Suite struct LiaeErrorTests {
  /// The C header shows these numbers to programs that are compiled once: they never change.
  @Test func statusValuesArePinned() {
    let pinned: [Status: Int32] = [
      .ok: 0, .internalError: 1, .invalidArgument: 10, .invalidHandle: 11, .invalidStructSize: 12, .fileNotFound: 20,
      .inputOutput: 21, .unknownFormat: 22, .corruptFile: 23, .limitExceeded: 24, .unsafeFile: 25, .fileExists: 26,
      .packMismatch: 27, .unknownArchitecture: 30, .missingTensor: 31, .shapeMismatch: 32, .outOfMemory: 40,
      .resourceLimit: 42,
      .threadFailure: 41,
      .cancelled: 50, .busy: 51, .unsupported: 60,
    ]
    for (status, value) in pinned { #expect(status.rawValue == value) }
    #expect(Status.allCases.count == pinned.count)
  }

  @Test func anInnerErrorIsNamedOnItsWayOut() {
    let error = LiaeError(.corruptFile, "too short").within("a.pt")
    #expect(error == LiaeError(.corruptFile, "a.pt: too short"))
    #expect("\(error)" == "a.pt: too short")
  }
}
