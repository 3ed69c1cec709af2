// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSynth
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

@Suite struct RenderedSequenceTests {
  /// Frame and truth show two persons in one pose before one ground: they differ where the hull of the landmarks is, and
  /// not behind the heads.
  @Test func framesAndTheirTruth() throws {
    let folder = try TemporaryFolder()
    for name in ["frames", "truth"] { try File.makeFolder(folder(name)) }
    let files = RenderedSequence.Files(
      framesFolder: folder("frames"), truthFolder: folder("truth"), landmarks: folder("faces.jsonl"))
    try RenderedSequence.write(files, frames: 2, side: 128, replacing: false)
    #expect(try File.list(folder("frames")) == ["00001.png", "00002.png"])
    let faces = try LandmarksFile.read(Bytes.read(path: folder("faces.jsonl")), name: "faces.jsonl")
    #expect(faces.map(\.frame) == [.name("00001.png"), .name("00002.png")])
    for face in faces {
      guard case .name(let name) = face.frame else { continue }
      let (frame, truth) = (
        try Picture.read(path: folder("frames/\(name)")), try Picture.read(path: folder("truth/\(name)"))
      )
      let hull = try FaceMask.hull(Landmarks(face.points), width: 128, height: 128, eyebrowExpansion: 0)
      var (inside, same) = (0, 0)
      for y in 0..<128 {
        for x in 0..<128 {
          let at = 3 * (y * 128 + x)
          let differs = (0..<3).contains { frame.storage.raw[at + $0] != truth.storage.raw[at + $0] }
          if differs, hull[x, y] > 0 { inside += 1 }
          if !differs { same += 1 }
        }
      }
      let count = (0..<hull.count).count { hull.pixels[$0] > 0 }
      #expect(count > 500 && inside > count * 9 / 10, "\(name): \(inside) of \(count)")
      #expect(same > 128 * 128 / 5, "\(name): \(same)")
      withExtendedLifetime((frame, truth, hull)) {}
    }
    #expect(throws: LiaeError.self) { try RenderedSequence.write(files, frames: 1, side: 128, replacing: false) }
    try RenderedSequence.write(files, frames: 1, side: 128, replacing: true)
  }
}
