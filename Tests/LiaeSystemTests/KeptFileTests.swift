// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeSystem
import LiaeTestSupport
import Testing

/// Files that are kept beside others: locks, logs, second names.
@Suite struct KeptFileTests {
  private func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func aLockIsOneHoldersUntilItGoes() throws {
    let folder = try TemporaryFolder()
    let path = folder("lock")
    var first: FileLock? = try FileLock(path)
    // A second opening is as good as another process: flock belongs to the open file.
    #expect { _ = try FileLock(path) } throws: { ($0 as? LiaeError)?.status == .busy }
    withExtendedLifetime(first) {}
    first = nil
    _ = try FileLock(path)
    #expect { _ = try FileLock(folder("nowhere/lock")) } throws: { ($0 as? LiaeError)?.status == .fileNotFound }
  }

  @Test func aLogGrowsAtItsEndAndIsCutOff() throws {
    let folder = try TemporaryFolder()
    let path = folder("log")
    try AppendedFile(path).append("one\n")
    let log = try AppendedFile(path)
    try log.append("two\n")
    #expect(text(path) == "one\ntwo\n")
    try log.truncate(to: 4)
    try log.append("three\n")
    #expect(text(path) == "one\nthree\n")
  }

  @Test func whatIsKeptStaysWhenTheFileIsReplaced() throws {
    let folder = try TemporaryFolder()
    let (file, kept) = (folder("state"), folder("backup"))
    try File.writeAtomically(file, replacing: false, text: "old")
    try File.keep(file, as: kept)
    try File.writeAtomically(file, replacing: true, text: "new")
    #expect(text(kept) == "old" && text(file) == "new")
    #expect { try File.keep(file, as: kept) } throws: { ($0 as? LiaeError)?.status == .fileExists }
    #expect { try File.keep(folder("nothing"), as: folder("b")) } throws: {
      ($0 as? LiaeError)?.status == .fileNotFound
    }
  }

  @Test func removingWhatIsNotThereIsNoError() throws {
    let folder = try TemporaryFolder()
    try File.writeAtomically(folder("a"), replacing: false, text: "a")
    try File.remove(folder("a"))
    #expect(File.kind(folder("a")) == nil)
    try File.remove(folder("a"))
    #expect(throws: LiaeError.self) { try File.remove(folder.path) }
  }
}
