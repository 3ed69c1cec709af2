// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct SubprocessTests {
  private func failure(_ body: () throws -> Void) -> LiaeError? {
    do {
      try body()
      return nil
    } catch { return error as? LiaeError }
  }

  /// A program takes and returns more than a pipe holds.
  @Test func bytesGoThroughAProgram() throws {
    let folder = try TemporaryFolder()
    let text = (0..<200_000).map { "\($0)" }.joined(separator: "\n")
    let writer = try Subprocess(["dd", "of=\(folder("a"))"], writing: true)
    let bytes = Array(text.utf8)
    try bytes.withUnsafeBytes { try writer.write($0) }
    try writer.wait()
    let reader = try Subprocess(["cat", folder("a")], reading: true)
    #expect(try reader.readAll() == bytes)
    #expect(try reader.wait() == "")
    let part = try Subprocess(["cat", folder("a")], reading: true)
    var first = [UInt8](repeating: 0, count: 1000)
    #expect(try first.withUnsafeMutableBytes { try part.read(into: $0) } == 1000 && first == Array(bytes[..<1000]))
    // Ended while it still has much to say.
    part.stop()
    #expect(failure { try part.wait() } == nil)
  }

  @Test func programsThatFail() throws {
    let missing = failure { _ = try Subprocess(["no-such-program-of-liae"]) }
    #expect(missing == LiaeError(.fileNotFound, "no-such-program-of-liae is not installed"))
    let status = failure { try Subprocess(["sh", "-c", "echo one >&2; echo two >&2; exit 7"]).wait() }
    #expect(status == LiaeError(.inputOutput, "sh ended with status 7: one; two"))
    let signal = failure { try Subprocess(["sh", "-c", "kill -9 $$"]).wait() }
    #expect(signal == LiaeError(.inputOutput, "sh was ended by signal 9"))
    // What a program does not take is said with what it said; and writing to it does not end this process.
    let deaf = try Subprocess(["sh", "-c", "exec <&-; echo full >&2; exit 3"], writing: true)
    let bytes = [UInt8](repeating: 0, count: 1 << 22)
    let error = failure { try bytes.withUnsafeBytes { try deaf.write($0) } }
    #expect(error?.status == .inputOutput && error?.message.hasSuffix("ended with status 3: full") == true)
  }

  @Test func lastLines() throws {
    let said = try Subprocess(["sh", "-c", "for i in 1 2 3 4 5 6; do echo line $i; done >&2"]).wait()
    #expect(said == "line 3; line 4; line 5; line 6")
  }

  /// No shell takes part.
  @Test func argumentsArePassedAsTheyAre() throws {
    let arguments = ["$HOME", "a b", "'", "*", "", "é"]
    let program = try Subprocess(["printf", "%s\\n"] + arguments, reading: true)
    #expect(String(decoding: try program.readAll(), as: UTF8.self) == arguments.map { $0 + "\n" }.joined())
    try program.wait()
  }

  /// A call that is cancelled does not wait for a program, be it for bytes, for room or for its end, and ends it.
  @Test(arguments: ["read", "write", "wait"]) func cancellationEndsTheWait(what: String) throws {
    let flag = CancelFlag()
    let program = try Subprocess(
      ["sh", "-c", "exec sleep 600"], writing: what == "write", reading: what == "read")
    let canceller = try WorkerThread {
      // Until the program is waited for, or nearly: the outcome is the same.
      for _ in 0..<1000 { sched_yield() }
      flag.set()
    }
    let begin = monotonicNanoseconds()
    let error = failure {
      try CallScope.with(cancelFlag: flag.address) { () throws(LiaeError) in
        switch what {
        case "read": _ = try program.readAll()
        case "write":
          let bytes = [UInt8](repeating: 0, count: 1 << 22)
          try bytes.withUnsafeBufferPointer { (bytes) throws(LiaeError) in
            try program.write(UnsafeRawBufferPointer(bytes))
          }
        default: try program.wait()
        }
      }
    }
    #expect(error?.status == .cancelled)
    #expect(monotonicNanoseconds() - begin < 300_000_000_000)
    canceller.join()
    program.stop()
  }
}

@Suite struct FileNameTests {
  @Test func stems() {
    let expected = [
      "a/b.png": "b", "b.tar.gz": "b.tar", "/x/.hidden": ".hidden", "plain": "plain", "a/b/": "b", "": "",
    ]
    for (path, stem) in expected { #expect(File.stem(path) == stem, "\(path)") }
  }

  @Test func identities() throws {
    let folder = try TemporaryFolder()
    try File.writeAtomically(folder("a"), replacing: false, text: "a")
    try File.keep(folder("a"), as: folder("b"))
    try File.writeAtomically(folder("c"), replacing: false, text: "a")
    #expect(FileIdentity(folder("a")) == FileIdentity(folder("b")) && FileIdentity(folder("a")) != nil)
    #expect(FileIdentity(folder("a")) != FileIdentity(folder("c")) && FileIdentity(folder("d")) == nil)
    try File.place(folder("c"), at: folder("a"))
    #expect(File.kind(folder("c")) == nil && FileIdentity(folder("a")) != FileIdentity(folder("b")))
    #expect(throws: LiaeError.self) { try File.place(folder("absent"), at: folder("a")) }
    #expect(throws: LiaeError.self) { try File.requireFolder(folder("a")) }
    try File.requireFolder(folder("absent"))
    try File.requireFolder(folder.path)
  }
}
