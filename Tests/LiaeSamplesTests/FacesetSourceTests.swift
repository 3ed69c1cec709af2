// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct FacesetSourceTests {
  static let names = (1...7).map { "0000\($0)_0.jpg" }

  @Test func folder() throws {
    let source = try FacesetSource(path: goldenFaces("aligned"))
    #expect(source.faces.map(\.name) == Self.names)
    #expect(source.faces.map(\.type) == [.whole, .whole, .full, .head, .midFull, .fullNoAlign, .half])
    #expect(source.skipped == [])
  }

  /// A faceset holds what the folder it was packed from holds.
  @Test func pak() throws {
    let folder = try FacesetSource(path: goldenFaces("aligned"))
    let pak = try FacesetSource(path: goldenFaces("faceset.pak"))
    #expect(pak.faces.map(\.name) == Self.names)
    for (a, b) in zip(folder.faces, pak.faces) {
      let (x, y) = try (a.prepared(side: 64, type: .half), b.prepared(side: 64, type: .half))
      #expect(x.colors.values(mirrored: false) == y.colors.values(mirrored: false))
      #expect(x.mask.values(mirrored: false) == y.mask.values(mirrored: false))
      #expect(x.eyesMouth.values(mirrored: false) == y.eyesMouth.values(mirrored: false))
    }
    let persons = try FacesetSource(path: goldenFaces("faceset_persons.pak"))
    #expect(persons.faces.count == 4 && persons.faces.allSatisfy { $0.name.contains("/") })
    #expect(persons.faces.map(\.name) == persons.faces.map(\.name).sorted())
  }

  /// A folder's faceset counts instead of its files.
  @Test func pakInFolder() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: goldenFaces("faceset.pak"), toPath: folder("faceset.pak"))
    try Data("no face".utf8).write(to: URL(fileURLWithPath: folder("other.jpg")))
    let source = try FacesetSource(path: folder.path)
    #expect(source.faces.count == 7)
    #expect(source.skipped.map(\.name) == ["other.jpg"])
    #expect(source.skipped.map(\.reason) == ["a loose file beside faceset.pak, which counts alone"])
  }

  /// As DeepFaceLab before March 2020 wrote faces: PNG, with the dictionary as a chunk. Decoded by the same code as JPEG.
  @Test(arguments: ["fcWp", "dFLd"]) func pngFacesAreTrainedWith(kind: String) throws {
    let folder = try TemporaryFolder()
    let jpeg = try Data(contentsOf: URL(fileURLWithPath: goldenFaces("aligned/00001_0.jpg")))
    let metadata = try #require(app15(of: [UInt8](jpeg)))
    let picture = try Picture.decode(Bytes.read(path: goldenFaces("aligned/00001_0.jpg")), name: "face")
    let file = try picture.encodedPNG(provenance: nil)
    let png = withExtendedLifetime(file) { [UInt8](file.raw) }
    let body = Array(kind.utf8) + metadata
    func number(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
    let chunk = number(UInt32(metadata.count)) + body + number(body.withUnsafeBytes { CRC32.of($0) })
    try Data(png.dropLast(12) + chunk + png.suffix(12)).write(to: URL(fileURLWithPath: folder("00001_0.png")))
    try jpeg.write(to: URL(fileURLWithPath: folder("b.jpg")))
    try jpeg.write(to: URL(fileURLWithPath: folder("c.tif")))
    let source = try FacesetSource(path: folder.path)
    try #require(source.faces.map(\.name) == ["00001_0.png", "b.jpg"])
    #expect(source.skipped.map(\.name) == ["c.tif"])
    let (a, b) = (
      try source.faces[0].prepared(side: 64, type: .whole), try source.faces[1].prepared(side: 64, type: .whole)
    )
    #expect(source.faces[0].landmarks == source.faces[1].landmarks && source.faces[0].width == 256)
    for i in 0..<64 * 64 {
      #expect(a.colors.pixels[i] == b.colors.pixels[i] && a.mask.pixels[i] == b.mask.pixels[i])
    }
    withExtendedLifetime((a, b)) {}
  }

  private func app15(of jpeg: [UInt8]) -> [UInt8]? {
    var place = 2
    while place + 4 <= jpeg.count {
      let length = Int(jpeg[place + 2]) << 8 | Int(jpeg[place + 3])
      if jpeg[place + 1] == 0xef { return Array(jpeg[place + 4..<place + 2 + length]) }
      place += 2 + length
    }
    return nil
  }

  @Test func brokenFacesAreSkippedAndSaid() throws {
    let folder = try TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: goldenFaces("broken")) where name.hasSuffix(".jpg")
    {
      try FileManager.default.copyItem(atPath: goldenFaces("broken/\(name)"), toPath: folder(name))
    }
    try FileManager.default.copyItem(atPath: goldenFaces("aligned/00001_0.jpg"), toPath: folder("00001_0.jpg"))
    try Data().write(to: URL(fileURLWithPath: folder("empty.jpg")))
    try Data("a text".utf8).write(to: URL(fileURLWithPath: folder("text.png")))
    try Data("{}".utf8).write(to: URL(fileURLWithPath: folder("notes.json")))
    try FileManager.default.createDirectory(atPath: folder("folder.jpg"), withIntermediateDirectories: false)
    let source = try FacesetSource(path: folder.path)
    // The picture of one is cut off, which only decoding tells.
    #expect(source.faces.map(\.name) == ["00001_0.jpg", "truncated_in_scan.jpg"])
    let skipped = source.skipped
    for name in [
      "evil_pickle_builtins_eval_proto4.jpg", "evil_pickle_os_system.jpg", "no_dfl_metadata.jpg",
      "truncated_in_metadata.jpg", "wrong_chunk_length_long.jpg", "wrong_chunk_length_short.jpg", "empty.jpg",
      "text.png", "folder.jpg",
    ] {
      let face = try #require(skipped.first { $0.name == name }, "\(name)")
      #expect(!face.reason.isEmpty && !face.reason.hasPrefix(name), "\(face)")
    }
    #expect(skipped.count == 9, "\(skipped)")
    #expect(!FileManager.default.fileExists(atPath: "/tmp/PWNED_by_dfl_pickle"))
  }

  @Test func nothingToUse() throws {
    func message(_ path: String) -> String {
      do {
        _ = try FacesetSource(path: path)
        return "none"
      } catch { return "\(error.status): \(error)" }
    }
    let folder = try TemporaryFolder()
    #expect(message(folder.path).contains("no aligned faces"))
    #expect(message(folder("missing")).hasPrefix("fileNotFound"))
    try FileManager.default.copyItem(atPath: goldenFaces("broken/no_dfl_metadata.jpg"), toPath: folder("a.jpg"))
    #expect(message(folder.path).contains("a.jpg: a picture without the metadata"))
    #expect(message(goldenFaces("broken/evil.pak")).hasPrefix("unsafeFile"))
    #expect(message(goldenFaces("broken/pak_wrong_version.pak")).hasPrefix("unsupported"))
    #expect(message(goldenFaces("broken/pak_truncated.pak")).hasPrefix("corruptFile"))
    #expect(message(goldenFaces("aligned/00001_0.jpg")) != "none")
    #expect(!FileManager.default.fileExists(atPath: "/tmp/PWNED_by_dfl_pickle"))
  }

  @Test func outOfMemory() throws {
    let source = try FacesetSource(path: goldenFaces("aligned"))
    let faces = failingEveryAllocation { () throws(LiaeError) in
      _ = try source.faces[0].prepared(side: 64, type: .full)
      _ = try source.faces[1].reference(side: 64)
    }
    #expect(faces.failures > 5 && faces.surprises == [])
    let opening = failingEveryAllocation { () throws(LiaeError) in _ = try FacesetSource(path: goldenFaces("aligned")) }
    #expect(opening.surprises == [])
  }
}
