// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeSystem
import LiaeTestSupport
import Testing

/// Tests what stands at the path that is written to.
@Suite struct WritingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { [UInt8]($0) } }
  private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
  private func mode(_ path: String) -> mode_t? {
    var info = stat()
    return lstat(path, &info) == 0 ? info.st_mode : nil
  }
  private func status(_ body: () throws(LiaeError) -> Void) -> Status? {
    do throws(LiaeError) { try body() } catch { return error.status }
    return nil
  }

  @Test func linksStayAndLeadToWhatIsWritten() throws {
    try FileManager.default.createDirectory(atPath: folder("far/off"), withIntermediateDirectories: true)
    try File.writeAtomically(folder("far/off/file"), replacing: false, text: "old")
    #expect(symlink("far/off/file", folder("link")) == 0 && symlink(folder("link"), folder("second")) == 0)
    #expect(symlink("far/new", folder("dangling")) == 0 && symlink("circle", folder("circle")) == 0)
    #expect(
      status { () throws(LiaeError) in
        try File.writeAtomically(folder("second"), replacing: false, text: "x")
      } == .fileExists)
    try File.writeAtomically(folder("second"), replacing: true, text: "new")
    try File.writeAtomically(folder("dangling"), replacing: false, text: "made")
    for link in ["link", "second", "dangling"] { #expect(mode(folder(link)).map { $0 & S_IFMT } == S_IFLNK) }
    #expect(contents(folder("far/off/file")) == Array("new".utf8) && contents(folder("far/new")) == Array("made".utf8))
    #expect(
      status { () throws(LiaeError) in
        try File.writeAtomically(folder("circle"), replacing: true, text: "x")
      } == .inputOutput)
    #expect(try names() == ["circle", "dangling", "far", "link", "second"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder("far/off")) == ["file"])
  }

  @Test(arguments: [0o600, 0o640, 0o444, 0o755])
  func permissionsAreKept(permissions: mode_t) throws {
    try File.writeAtomically(folder("a"), replacing: false, text: "old")
    #expect(chmod(folder("a"), permissions) == 0)
    try File.writeAtomically(folder("a"), replacing: true, text: "new")
    #expect(mode(folder("a")).map { $0 & 0o7777 } == permissions && contents(folder("a")) == Array("new".utf8))
    // A file that another program wrote takes them too.
    try File.writeAtomically(folder("b"), replacing: false, text: "third")
    try File.place(folder("b"), at: folder("a"))
    #expect(mode(folder("a")).map { $0 & 0o7777 } == permissions && contents(folder("a")) == Array("third".utf8))
  }

  @Test func devicesAreWrittenTo() throws {
    try File.writeAtomically("/dev/null", replacing: true, text: "gone")
    #expect(mode("/dev/null").map { $0 & S_IFMT } == S_IFCHR)
    // A full one says so.
    #expect(
      status { () throws(LiaeError) in
        try File.writeAtomically("/dev/full", replacing: true, text: "x")
      } == .inputOutput)
    #expect(mode("/dev/full").map { $0 & S_IFMT } == S_IFCHR)
    #expect(status { () throws(LiaeError) in _ = try File.temporaryPlace("/dev/null") } == .inputOutput)
  }

  @Test func aPipeIsWrittenToWhereSomebodyReads() throws {
    #expect(mkfifo(folder("pipe"), 0o600) == 0)
    let write = { () throws(LiaeError) in try File.writeAtomically(folder("pipe"), replacing: true, text: "text") }
    // Nobody reads: it is not waited for.
    #expect(status(write) == .inputOutput)
    let reader = open(folder("pipe"), O_RDONLY | O_NONBLOCK)
    #expect(reader >= 0 && status(write) == nil)
    var bytes = [UInt8](repeating: 0, count: 16)
    #expect(read(reader, &bytes, 16) == 4 && bytes.prefix(4).elementsEqual("text".utf8))
    close(reader)
    #expect(mode(folder("pipe")).map { $0 & S_IFMT } == S_IFIFO)
    #expect(try names() == ["pipe"])
  }

  /// The reader goes while more is written than a pipe holds: an error, and no SIGPIPE.
  @Test func aReaderThatGoesAwayIsAnError() throws {
    #expect(mkfifo(folder("pipe"), 0o600) == 0)
    let reader = open(folder("pipe"), O_RDONLY | O_NONBLOCK)
    let found = status { () throws(LiaeError) in
      try File.writeAtomically(folder("pipe"), replacing: true) { (writer) throws(LiaeError) in
        try writer.write([1])
        close(reader)
        try writer.write([UInt8](repeating: 2, count: 1 << 20))
      }
    }
    #expect(found == .inputOutput)
  }

  @Test func socketsAndFoldersAreRefused() throws {
    let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = folder("s")
    try #require(path.utf8.count < 100)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(bound == 0)
    for path in [path, folder.path] {
      #expect(
        status { () throws(LiaeError) in
          try File.writeAtomically(path, replacing: true, text: "x")
        } == .inputOutput)
    }
    #expect(mode(path).map { $0 & S_IFMT } == S_IFSOCK)
  }

  // MARK: - Batches

  @Test func filesOfABatchHaveTheirNamesWhenItIsFinished() throws {
    let batch = WriteBatch(limit: 3)
    func add(_ name: String) throws {
      try File.writeAtomically(folder(name), replacing: true, in: batch, text: name)
    }
    try batch.finishing { () throws(LiaeError) in
      do {
        try add("a")
        try add("b")
        #expect(File.kind(folder("a")) == nil && File.kind(folder("b")) == nil)
        try add("c")
        // By now a thread gives them their names.
        try add("d")
        #expect(File.kind(folder("d")) == nil)
      } catch { Issue.record(error) }
    }
    #expect(try names() == ["a", "b", "c", "d"])
    #expect(contents(folder("d")) == Array("d".utf8))
  }

  @Test func aBatchIsFinishedAlsoWhereWorkIsCancelled() throws {
    let batch = WriteBatch()
    #expect(
      status { () throws(LiaeError) in
        try batch.finishing { () throws(LiaeError) in
          try File.writeAtomically(folder("a"), replacing: true, in: batch, text: "a")
          throw LiaeError(.cancelled, "enough")
        }
      } == .cancelled)
    #expect(try names() == ["a"])
  }

  @Test func aBatchThatIsDroppedLeavesNothing() throws {
    var batch: WriteBatch? = WriteBatch()
    try File.writeAtomically(folder("a"), replacing: true, in: batch, text: "a")
    withExtendedLifetime(batch) {}
    batch = nil
    #expect(try names() == [])
  }

  @Test func whatFailsInABatchIsSaidAndTheOthersAreWritten() throws {
    try FileManager.default.createDirectory(atPath: folder("x"), withIntermediateDirectories: true)
    let batch = WriteBatch()
    do throws(LiaeError) {
      try batch.finishing { () throws(LiaeError) in
        for name in ["x/a", "b", "x/c", "d"] {
          try File.writeAtomically(folder(name), replacing: true, in: batch, text: name)
        }
        do { try FileManager.default.removeItem(atPath: folder("x")) } catch { Issue.record(error) }
      }
      Issue.record("written")
    } catch {
      #expect(error.message.contains("x/a") && error.message.contains("1 more"))
    }
    #expect(try names() == ["b", "d"])
  }

  @Test func threadsShareABatch() throws {
    let batch = WriteBatch(limit: 4)
    let path = folder.path
    try batch.finishing { () throws(LiaeError) in
      var threads: [WorkerThread] = []
      for thread in 0..<4 {
        threads.append(
          try WorkerThread {
            for index in 0..<25 {
              try? File.writeAtomically("\(path)/\(thread)_\(index)", replacing: true, in: batch, text: "x")
            }
          })
      }
      for thread in threads { thread.join() }
    }
    #expect(try names().count == 100)
  }
}
