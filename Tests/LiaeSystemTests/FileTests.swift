// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct FileTests {
  private func status(_ body: () throws(LiaeError) -> Void) -> Status {
    do throws(LiaeError) {
      try body()
      return .ok
    } catch {
      return error.status
    }
  }

  private func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { [UInt8]($0) } }
  private func names(_ folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func anAtomicWriteLeavesTheFileAlone() throws {
    let folder = try TemporaryFolder()
    try File.writeAtomically(folder("a.bin"), replacing: false) { (writer) throws(LiaeError) in
      try writer.write([1, 2])
      try writer.write([])
      try writer.write([3])
    }
    #expect(contents(folder("a.bin")) == [1, 2, 3])
    #expect(try names(folder) == ["a.bin"])
  }

  @Test func anExistingFileStaysUnlessItMayBeReplaced() throws {
    let folder = try TemporaryFolder()
    let path = folder("a.bin")
    #expect(FileManager.default.createFile(atPath: path, contents: Data([9])))
    #expect(
      status { () throws(LiaeError) in
        try File.writeAtomically(path, replacing: false) { (writer) throws(LiaeError) in try writer.write([1]) }
      } == .fileExists)
    #expect(contents(path) == [9])
    try File.writeAtomically(path, replacing: true) { (writer) throws(LiaeError) in try writer.write([1]) }
    #expect(contents(path) == [1])
    #expect(try names(folder) == ["a.bin"])
  }

  @Test func aPipeIsRefusedAndNotWaitedFor() throws {
    let folder = try TemporaryFolder()
    #expect(mkfifo(folder("pipe"), 0o600) == 0)
    #expect(status { () throws(LiaeError) in _ = try Bytes.read(path: folder("pipe")) } == .inputOutput)
  }

  @Test func aFileInPlaceOfAFolderIsNamed() throws {
    let folder = try TemporaryFolder()
    #expect(FileManager.default.createFile(atPath: folder("a"), contents: Data([9])))
    for path in ["a", "a/b"] {
      #expect(status { () throws(LiaeError) in try File.makeFolder(folder(path)) } == .inputOutput)
    }
    #expect(contents(folder("a")) == [9])
  }

  @Test func aFileInAFolderThatIsMissingSaysSo() throws {
    let folder = try TemporaryFolder()
    do throws(LiaeError) {
      try File.writeAtomically(folder("no/a"), replacing: false) { (writer) throws(LiaeError) in try writer.write([1]) }
      Issue.record("written")
    } catch {
      #expect(error.status == .fileNotFound)
      #expect(error.message == "\(folder("no/a")): cannot be written: its folder does not exist")
    }
  }

  @Test func aFailureInTheMiddleLeavesTheOldFileAndNoOther() throws {
    let folder = try TemporaryFolder()
    let path = folder("a.bin")
    #expect(FileManager.default.createFile(atPath: path, contents: Data([9])))
    #expect(
      status { () throws(LiaeError) in
        try File.writeAtomically(path, replacing: true) { (writer) throws(LiaeError) in
          try writer.write([UInt8](repeating: 1, count: 100_000))
          throw LiaeError(.cancelled, "enough")
        }
      } == .cancelled)
    #expect(contents(path) == [9])
    #expect(try names(folder) == ["a.bin"])
  }

  @Test func aTargetThatCannotBeReplacedLeavesNoTemporaryFile() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder("taken/inside"), withIntermediateDirectories: true)
    #expect(
      status { () throws(LiaeError) in
        try File.writeAtomically(folder("taken"), replacing: true) { (writer) throws(LiaeError) in
          try writer.write([1])
        }
      } == .inputOutput)
    #expect(try names(folder) == ["taken"])
    #expect(
      status { () throws(LiaeError) in
        try File.writeAtomically(folder("missing/a.bin"), replacing: true) { (_) throws(LiaeError) in }
      } == .fileNotFound)
  }

  @Test func whatCannotBeReadSaysWhy() throws {
    let folder = try TemporaryFolder()
    for (path, expected, word) in [
      (folder("missing"), Status.fileNotFound, "no such file"), (folder("missing/x"), .fileNotFound, "no such file"),
      (folder.path, .inputOutput, "folder"), ("/dev/null", .inputOutput, "not a regular file"),
    ] {
      do throws(LiaeError) {
        _ = try Bytes.read(path: path)
        Issue.record("\(path) could be read")
      } catch {
        #expect(error.status == expected)
        #expect(error.message.contains(path) && error.message.contains(word))
      }
    }
  }

  @Test func anEmptyPathIsNotFound() {
    #expect(status { () throws(LiaeError) in _ = try Bytes.read(path: "") } == .fileNotFound)
  }

  @Test func foldersAreMadeAndListed() throws {
    let folder = try TemporaryFolder()
    try File.makeFolder(folder("a/b/c"))
    try File.makeFolder(folder("a/b/c"))
    #expect(File.kind(folder("a/b/c")) == .folder)
    for name in ["z", "y", ".hidden"] {
      #expect(FileManager.default.createFile(atPath: folder("a/b/\(name)"), contents: nil))
    }
    #expect(try File.list(folder("a/b")) == [".hidden", "c", "y", "z"])
    #expect(File.kind(folder("a/b/z")) == .file)
    #expect(File.kind(folder("nothing")) == nil)
    #expect(File.kind("/dev/null") == .other)
    #expect(status { () throws(LiaeError) in _ = try File.list(folder("nothing")) } == .fileNotFound)
    #expect(status { () throws(LiaeError) in try File.makeFolder(folder("a/b/z/d")) } == .inputOutput)
  }
}
