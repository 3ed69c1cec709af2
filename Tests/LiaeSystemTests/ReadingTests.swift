// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeSystem
import LiaeTestSupport
import Testing

/// Files that are read while others write to them.
@Suite struct ReadingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func make(_ count: Int) throws -> (path: String, bytes: [UInt8]) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    try Data(bytes).write(to: URL(fileURLWithPath: folder("a")))
    return (folder("a"), bytes)
  }

  /// Sizes on both sides of those that several threads read in pieces.
  @Test(arguments: [0, 1, 10_000, 1 << 22, 1 << 25 + 12_345])
  func theBytesAreThoseOfTheFile(count: Int) throws {
    let (path, bytes) = try make(count)
    let read = try Bytes.read(path: path)
    #expect(withExtendedLifetime(read) { read.raw.elementsEqual(bytes) })
    let file = try File(reading: path)
    let start = try file.prefix(100)
    #expect(withExtendedLifetime(start) { start.raw.elementsEqual(bytes.prefix(100)) })
    let part = try file.read(offset: count / 3, count: count / 2)
    #expect(withExtendedLifetime(part) { part.raw.elementsEqual(bytes[(count / 3)..<(count / 3 + count / 2)]) })
  }

  /// A mapped file would end the process here.
  @Test func whatWasReadStaysWhenTheFileIsCutOff() throws {
    let (path, bytes) = try make(3 << 20)
    let read = try Bytes.read(path: path)
    #expect(truncate(path, 10) == 0)
    #expect(withExtendedLifetime(read) { read.raw.elementsEqual(bytes) })
  }

  @Test func aFileThatIsCutOffIsAnError() throws {
    let (path, _) = try make(100_000)
    let file = try File(reading: path)
    let stored = StoredBytes.file(file, offset: 50_000, count: 50_000)
    #expect(try stored.read().count == 50_000)
    #expect(truncate(path, 60_000) == 0)
    for read in [
      { _ = try stored.read() }, { _ = try file.read(offset: -1, count: 1) },
      { _ = try file.read(offset: 1, count: .max) },
    ] as [() throws -> Void] {
      #expect { try read() } throws: {
        ($0 as? LiaeError)?.status == .inputOutput && "\($0)".contains(path)
      }
    }
  }

  /// Somebody writes all the time: what is read is whole, or an error.
  @Test func aFileThatChangesIsWholeOrAnError() throws {
    let path = folder("a")
    let size = 1 << 20
    try Data(repeating: 1, count: size).write(to: URL(fileURLWithPath: path))
    let stop = Monitor()
    nonisolated(unsafe) var isStopped = false
    let writer = try WorkerThread {
      let descriptor = open(path, O_WRONLY)
      var value: UInt8 = 2
      while !stop.locked({ isStopped }) {
        let bytes = [UInt8](repeating: value, count: size)
        _ = pwrite(descriptor, bytes, size, 0)
        _ = ftruncate(descriptor, off_t(size / 2))
        value &+= 1
        usleep(500)
      }
      close(descriptor)
    }
    var errors = 0
    for _ in 0..<300 {
      do throws(LiaeError) { #expect([size, size / 2].contains(try Bytes.read(path: path).count)) } catch {
        errors += 1
        #expect(error.status == .inputOutput)
      }
    }
    stop.locked { isStopped = true }
    writer.join()
    #expect(errors < 300)
  }

  @Test func everyFailedAllocationIsAnError() throws {
    let (path, _) = try make(5000)
    let (failures, surprises) = failingEveryAllocation { () throws(LiaeError) in _ = try Bytes.read(path: path) }
    #expect(failures > 0 && surprises == [])
  }

  @Test func aMappedFileIsSharedAndReplacedInPlace() throws {
    let (path, bytes) = try make(20_000)
    let mapped = try Bytes.map(File(reading: path))
    // What is mapped outlives the file's name.
    try FileManager.default.removeItem(atPath: path)
    #expect(mapped.raw.elementsEqual(bytes))
    let other = try Bytes.allocate(5000)
    memset(other.base, 7, 5000)
    try Bytes.slice(mapped, offset: 4096, count: 10_000).replacePages(offset: 4096, with: other)
    #expect(mapped.raw[..<8192].elementsEqual(bytes[..<8192]))
    #expect(mapped.raw[8192..<13192].allSatisfy { $0 == 7 })
    // To the end of the last page that was replaced.
    #expect(mapped.raw[16384...].elementsEqual(bytes[16384...]))
  }
}
