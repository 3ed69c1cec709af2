// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct CheckpointFileTests {
  private func status(_ path: String) -> Status {
    do throws(LiaeError) {
      _ = try CheckpointFile(path: path)
      return .ok
    } catch {
      return error.status
    }
  }

  @Test func aFileIsOpenedAndRecognised() throws {
    let folder = try TemporaryFolder()
    let contents: [(String, FormatSniffer)] = [
      ("LIAEPACK and more", .packedWeights), ("\u{8}\u{7}\u{12}", .onnx), ("hello", .unknown), ("", .unknown),
    ]
    for (text, format) in contents {
      try File.writeAtomically(folder("a"), replacing: true, text: text)
      let file = try CheckpointFile(path: folder("a"))
      guard case .file(let found, let opened) = file.content else {
        Issue.record("\(text) is no file")
        continue
      }
      #expect(found == format)
      #expect(try Bytes.read(opened).array == Array(text.utf8))
      #expect((file.packedWeights != nil) == (format == .packedWeights))
      #expect(file.path == folder("a"))
    }
  }

  /// What was found stays what it is when another file takes over the path.
  @Test func aReplacedFileIsNotReadAgain() throws {
    let folder = try TemporaryFolder()
    try File.writeAtomically(folder("a"), replacing: false, text: "LIAEPACK1")
    let file = try CheckpointFile(path: folder("a"))
    try File.writeAtomically(folder("a"), replacing: true, text: "something else")
    #expect(try Bytes.read(#require(file.packedWeights)).array == Array("LIAEPACK1".utf8))
  }

  @Test func foldersAndWhatIsNotThere() throws {
    let folder = try TemporaryFolder()
    guard case .folder = try CheckpointFile(path: folder.path).content else {
      Issue.record("not a folder")
      return
    }
    #expect(status(folder("none")) == .fileNotFound)
    #expect(status("/dev/null") == .inputOutput)
  }
}
