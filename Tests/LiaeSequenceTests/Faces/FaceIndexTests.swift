// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeSequence
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct FaceIndexTests {
  private func frames() throws -> FrameFolder { try FrameFolder(GoldenFaces.frames) }

  @Test(arguments: [GoldenFaces.aligned, "\(GoldenFaces.folder)/faceset.pak"])
  func facesOfDeepFaceLab(path: String) throws {
    let index = try FaceIndex(.aligned(path), place: frames().place)
    #expect(index.faces.keys.sorted() == Array(0..<7) && index.failures == 0 && index.notices.isEmpty)
    for (place, stem) in GoldenFaces.stems.enumerated() {
      let found = try #require(index.faces[place])
      #expect(found.count == 1)
      #expect(found.first?.points == (try GoldenFaces.face(stem).points))
      #expect(found.first?.origin.hasPrefix(path) == true)
      // The README of the golden data: 1, 3 and 4 have a mask.
      #expect((found.first?.xseg != nil) == [0, 2, 3].contains(place), "\(stem)")
    }
  }

  /// Within a frame faces stand by the numbers that the file gives them, else by its lines.
  @Test func facesOfALandmarksFile() throws {
    let folder = try TemporaryFolder()
    let path = folder("faces.jsonl")
    func points(_ x: Int) -> String { "[[\(x), 1], [2, 3], [4, 5], [6, 7], [8, 9]]" }
    try File.writeAtomically(
      path, replacing: false,
      text: """
        # comment
        {"frame": "00002.png", "index": 1, "landmarks": \(points(10))}
        {"frame": "00002.png", "index": 0, "landmarks": \(points(20))}
        {"frame": 4, "landmarks": \(points(30))}
        {"frame": "00002.png", "landmarks": \(points(40))}

        """)
    let index = try FaceIndex(.landmarks(path), place: frames().place)
    #expect(index.faces.keys.sorted() == [1, 4])
    #expect(index.faces[1]?.map { $0.points[0].x } == [20, 10, 40])
    #expect(index.faces[1]?.map(\.origin) == [3, 2, 5].map { "\(path), line \($0)" })
    #expect(index.faces[4]?.map { $0.points[0] } == [Point(30, 1)])
  }

  @Test func facesWithoutFrames() throws {
    let index = try FaceIndex(.aligned(GoldenFaces.aligned)) { name in name == .name("00001.png") ? 0 : nil }
    #expect(index.faces.keys.sorted() == [0] && index.failures == 0)
    #expect(
      index.notices == [
        .lackFrame(first: "\(GoldenFaces.aligned)/00002_0.jpg", frame: "00002.png", count: 6)
      ])
    #expect(index.notices[0].message.hasSuffix("00002_0.jpg and 5 more: there is no frame 00002.png; left out"))
  }

  @Test func brokenFilesAreLeftOut() throws {
    let folder = try TemporaryFolder()
    let broken = ["evil_pickle_os_system.jpg", "no_dfl_metadata.jpg", "truncated_in_metadata.jpg"]
    for (source, name) in broken.map({ ("broken/\($0)", $0) }) + [("aligned/00003_0.jpg", "good.jpg")] {
      try File.writeAtomically(folder(name), replacing: false, Bytes.read(path: "\(GoldenFaces.folder)/\(source)"))
    }
    let index = try FaceIndex(.aligned(folder.path), place: frames().place)
    #expect(index.faces.keys.sorted() == [2] && index.failures == 2)
    let messages = index.notices.map(\.message)
    #expect(messages.count == 3)
    #expect(messages[0].hasPrefix(folder("evil_pickle_os_system.jpg")))
    #expect(messages[1].hasPrefix(folder("truncated_in_metadata.jpg")))
    #expect(messages[2] == "\(folder("no_dfl_metadata.jpg")): no DeepFaceLab metadata; left out")
  }

  @Test func sourcesThatAreNoFaces() throws {
    let folder = try TemporaryFolder()
    func status(_ source: FaceSource) -> Status? {
      failure { _ = try FaceIndex(source) { _ in 0 } }?.status
    }
    #expect(status(.aligned(folder.path)) == .fileNotFound)
    #expect(status(.landmarks(folder("absent.jsonl"))) == .fileNotFound)
    // A matter of the file, not of the call.
    #expect(status(.aligned("\(GoldenFaces.folder)/broken/pak_wrong_version.pak")) == .unknownFormat)
    #expect(status(.aligned("\(GoldenFaces.folder)/broken/pak_truncated.pak")) == .corruptFile)
  }
}
