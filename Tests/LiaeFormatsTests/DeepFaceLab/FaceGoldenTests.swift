// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFormats
import LiaeSystem
import LiaeTestSupport
import Testing

/// The broken files of the golden data run `touch` of this where somebody unpickles them.
private let mark = "/tmp/PWNED_by_dfl_pickle"

/// Aligned faces as DeepFaceLab wrote them, against what DeepFaceLab reads from them.
@Suite(.golden("faces/faces.json")) struct FaceGoldenTests {
  private let xmp = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>"

  @Test func everyFaceIsRead() throws { #expect(!(try GoldenFaces.chosen.get()).faces.isEmpty) }

  @Test(.having(GoldenFaces.names.count, "faces"), arguments: GoldenFaces.names)
  func readsWhatDeepFaceLabReads(_ name: String) throws {
    let expected = try #require(try GoldenFaces.chosen.get().faces[name])
    let face = try GoldenFaces.metadata("aligned/\(name)")
    #expect(face.faceType == expected.face_type)
    #expect(pairs(face.landmarks) == expected.landmarks)
    #expect(face.sourceFilename == expected.source_filename)
    #expect(face.sourceRect == expected.source_rect)
    #expect(pairs(face.sourceLandmarks) == expected.source_landmarks)
    #expect(face.imageToFaceMatrix == expected.image_to_face_mat.flatMap { $0 })
    #expect(face.eyebrowExpansion ?? 1 == expected.eyebrows_expand_mod)
    #expect(face.polygons.map { $0.isIncluded ? 1 : 0 } == expected.seg_ie_polys.map(\.type))
    #expect(face.polygons.map { $0.points.map { [$0.x, $0.y] } } == expected.seg_ie_polys.map(\.pts))
    #expect(face.xsegMask?.count == expected.xseg_mask?.bytes)
    let start: [UInt8]? = expected.xseg_mask.map {
      $0.format == "png" ? [0x89, 0x50, 0x4e, 0x47] : [0xff, 0xd8, 0xff]
    }
    #expect(face.xsegMask.map { Array($0.array.prefix(start?.count ?? 0)) } == start)
  }

  @Test(.having(GoldenFaces.rewritten.count, "faces that another numpy wrote"), arguments: GoldenFaces.rewritten)
  func readsWhatAnotherNumpyWrote(_ file: String, _ original: String) throws {
    try GoldenFaces.metadata("py311/\(file)").expectEqual(try GoldenFaces.metadata("aligned/\(original)"))
  }

  @Test(.having(GoldenFaces.brokenNames.count, "broken faces"), arguments: GoldenFaces.brokenNames)
  func brokenFaces(_ name: String) throws {
    let outcome = try #require(try GoldenFaces.chosen.get().broken?[name])
    let file = try GoldenFaces.file("broken/\(name)")
    let read = { try FaceImage.readMetadata(file, name: name) }
    if outcome.contains("has_data=True") {
      #expect(try read() != nil)
    } else if outcome.contains("has_data=False") {
      #expect(try read() == nil)
    } else {
      let error = #expect(throws: LiaeError.self) { _ = try read() }
      #expect(
        (error?.status == .unsafeFile) == outcome.contains("would run a command"), "\(name): \(error?.message ?? "")")
    }
    #expect(!FileManager.default.fileExists(atPath: mark))
  }

  @Test(.having(GoldenFaces.names.count, "faces"), arguments: GoldenFaces.names)
  func writtenAgainItSaysTheSame(_ name: String) throws {
    let original = try GoldenFaces.file("aligned/\(name)")
    let face = try GoldenFaces.metadata("aligned/\(name)")
    let plain = try golden("faces/broken/no_dfl_metadata.jpg")
    for jpeg in [original, plain] {
      let written = try FaceImage.embed(face, in: jpeg, name: name, xmp: nil)
      try #require(try FaceImage.readMetadata(written, name: name)).expectEqual(face)
      // All else stays as it was, byte by byte.
      let (before, after) = (segments(jpeg.array), segments(written.array))
      #expect(before.rest == after.rest)
      #expect(
        before.segments.filter { $0.marker != 0xef }.map(\.payload)
          == after.segments.filter { $0.marker != 0xef }.map(\.payload))
    }
  }

  @Test(.enabled(if: DeepFaceLabRules.python != nil, "no python3 with numpy")) func theRulesAcceptWhatIsWritten() throws
  {
    try withFolder { folder in
      var files: [String] = []
      for name in GoldenFaces.names {
        let face = try GoldenFaces.metadata("aligned/\(name)")
        let file = try FaceImage.embed(face, in: GoldenFaces.file("aligned/\(name)"), name: name, xmp: xmp)
        files.append("\(folder)/\(name)")
        try Data(file.array).write(to: URL(fileURLWithPath: files.last ?? ""))
      }
      let expected = try GoldenFaces.chosen.get().faces
      for (name, found) in zip(GoldenFaces.names, try DeepFaceLabRules.faces(files)) {
        let face = try #require(expected[name])
        #expect(found.shape == face.shape && found.face_type == face.face_type)
        #expect(found.landmarks == face.landmarks && found.source_landmarks == face.source_landmarks)
        #expect(found.source_filename == face.source_filename && found.source_rect == face.source_rect)
        #expect(found.image_to_face_mat == face.image_to_face_mat)
        #expect(found.eyebrows_expand_mod == face.eyebrows_expand_mod)
        #expect(found.seg_ie_polys.map(\.type) == face.seg_ie_polys.map(\.type))
        #expect(found.seg_ie_polys.map(\.pts) == face.seg_ie_polys.map(\.pts))
        let mask = try GoldenFaces.metadata("aligned/\(name)").xsegMask?.array
        #expect(found.xseg_mask.map { [UInt8]($0) } == mask)
      }
    }
  }
}
