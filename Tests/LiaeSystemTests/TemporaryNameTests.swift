// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeSystem
import LiaeTestSupport
import Testing

/// Names of temporary files: which are those of a file, and of a process that has ended.
@Suite struct TemporaryNameTests {
  /// Past the greatest number of a process on Linux, 2^22.
  private static let ended = 4_194_400

  @Test(arguments: ["a.png", "", "a*b", "a.tmp1", "é"]) func aTemporaryOfAnEndedProcess(whole: String) {
    #expect(File.isAbandonedTemporary("\(whole).tmp\(Self.ended)", of: whole))
    #expect(File.isAbandonedTemporary("\(whole).tmp\(Self.ended)-7", of: whole))
    // Of an earlier process that had the number of this one.
    #expect(File.isAbandonedTemporary("\(whole).tmp\(getpid())", of: whole))
    #expect(!File.isAbandonedTemporary("\(whole).tmp\(getppid())", of: whole))
    #expect(!File.isAbandonedTemporary("\(whole).tmp\(getppid())-1", of: whole))
  }

  @Test(arguments: [
    "a.png", "a.png.tmp", "a.png.tmp-", "a.png.tmp-1", "a.png.tmpl.txt", "a.png.tmp4194400x", "a.png.tmp4194400-",
    "a.png.tmp4194400-1-1", "a.png.tmp4194400-x", "a.png.tmp04194400", "a.png.tmp99999999999999999999",
    "a.png.tmp4194400.png", "b_a.png.tmp4194400", "a.png.tmp4194400\u{301}", "a.png.tmp\u{664}", "A.png.tmp4194400",
    "axpng.tmp4194400", "", ".tmp4194400",
  ])
  func otherNames(name: String) { #expect(!File.isAbandonedTemporary(name, of: "a.png")) }

  /// One letter, written in two ways: to a file system two names.
  @Test func namesThatLookAlike() {
    #expect(!File.isAbandonedTemporary("e\u{301}.tmp\(Self.ended)", of: "\u{e9}"))
  }

  @Test func whatIsWrittenHasSuchAName() throws {
    let folder = try TemporaryFolder()
    try File.writeAtomically(folder("a"), replacing: false) { (_) throws(LiaeError) in
      let names = try File.list(folder.path)
      let own = ProcessInfo.processInfo.processIdentifier
      #expect(names == ["a.tmp\(own)"])
      try File.writeAtomically(folder("a"), replacing: false) { (_) throws(LiaeError) in
        #expect(try File.list(folder.path) == ["a.tmp\(own)", "a.tmp\(own)-1"])
      }
    }
  }

  @Test func newerFiles() throws {
    let folder = try TemporaryFolder()
    for (name, seconds) in [("old", 1000.0), ("new", 1000.5)] {
      try File.writeAtomically(folder(name), replacing: false, text: "")
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: folder(name))
    }
    #expect(File.isNewer(folder("new"), than: folder("old")) && !File.isNewer(folder("old"), than: folder("new")))
    #expect(!File.isNewer(folder("old"), than: folder("old")))
    #expect(!File.isNewer(folder("none"), than: folder("old")) && !File.isNewer(folder("old"), than: folder("none")))
  }
}
