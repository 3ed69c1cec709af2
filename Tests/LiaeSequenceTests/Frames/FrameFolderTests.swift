// SPDX-License-Identifier: Apache-2.0
import LiaeSequence
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct FrameFolderTests {
  private func folder(_ names: [String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in names { try File.writeAtomically(folder(name), replacing: false, text: "") }
    return folder
  }

  @Test func framesInTheOrderOfTheirNames() throws {
    let folder = try folder(["b.PNG", "a.10.jpg", "a.9.jpeg", ".hidden.png", "notes.txt", "c.png.tmp12"])
    let frames = try FrameFolder(folder.path)
    #expect(frames.frames.map(\.name) == ["a.9.jpeg", "a.10.jpg", "b.PNG"])
    #expect(frames.frames.map(\.stem) == ["a.9", "a.10", "b"])
    #expect(frames.frames.map(\.path) == ["a.9.jpeg", "a.10.jpg", "b.PNG"].map { folder($0) })
  }

  /// A face names its frame by a file name, whatever its ending, or by a number from 0.
  @Test func placesOfFrames() throws {
    let folder = try folder(["00001.png", "00002.png", "00010.png"])
    let frames = try FrameFolder(folder.path)
    #expect(frames.place(.name("00010.png")) == 2)
    #expect(frames.place(.name("00010.jpg")) == 2)
    #expect(frames.place(.name("00003.png")) == nil && frames.place(.name("10.png")) == nil)
    #expect(frames.place(.index(0)) == 0 && frames.place(.index(2)) == 2)
    #expect(frames.place(.index(3)) == nil && frames.place(.index(-1)) == nil && frames.place(.index(.max)) == nil)
  }

  @Test func foldersThatAreNoFrames() throws {
    let empty = try folder(["notes.txt"])
    #expect(failure { _ = try FrameFolder(empty.path) }?.status == .fileNotFound)
    #expect(failure { _ = try FrameFolder(empty("absent")) }?.status == .fileNotFound)
    #expect(failure { _ = try FrameFolder(empty("notes.txt")) }?.status == .inputOutput)
    let twice = try folder(["1.jpg", "1.png", "2.png"])
    let error = failure { _ = try FrameFolder(twice.path) }
    #expect(error?.status == .invalidArgument)
    #expect(error?.message.contains("1.jpg and 1.png are two frames of one name") == true)
  }
}
