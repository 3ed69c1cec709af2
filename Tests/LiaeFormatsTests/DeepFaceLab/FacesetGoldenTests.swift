// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFormats
import LiaeSystem
import LiaeTestSupport
import Testing

/// Facesets as DeepFaceLab packed them, against what DeepFaceLab reads from them.
@Suite(.golden("faces/faces.json")) struct FacesetGoldenTests {
  @Test(.having(GoldenFaces.pakNames.count, "facesets"), arguments: GoldenFaces.pakNames)
  func readsWhatDeepFaceLabReads(_ name: String) throws {
    let expected = try #require(try GoldenFaces.chosen.get().paks?[name])
    let file = try GoldenFaces.file(name)
    let faces = try Faceset.read(file, name: name).faces
    #expect(faces.count == expected.count && !faces.isEmpty)
    for (face, expected) in zip(faces, expected) {
      #expect(face.filename == expected.filename)
      #expect(face.personName == expected.person_name)
      #expect(face.sourceFilename == expected.source_filename)
      #expect(FaceMetadata.faceTypes.first { $0.name == face.faceType }?.number == expected.face_type)
      #expect(face.shape == expected.shape)
      #expect(pairs(face.landmarks) == expected.landmarks)
      #expect(face.eyebrowExpansion == expected.eyebrows_expand_mod)
      #expect((face.xsegMask != nil) == expected.has_xseg)
      #expect(face.polygons.count == expected.n_polys)
      #expect(try face.jpeg.read().base - file.base == expected.offset_size[0])
      #expect(face.jpeg.count == expected.jpeg_bytes)
      let metadata = try #require(try FaceImage.readMetadata(face.jpeg.read(), name: face.filename))
      #expect(metadata.landmarks == face.landmarks && metadata.polygons == face.polygons)
      #expect(metadata.xsegMask?.array == face.xsegMask?.array)
      // The face that was packed, where it is there; dfl_rules.py compares its SHA-1.
      guard GoldenFaces.names.contains(face.filename) else { continue }
      let same = try face.jpeg.read().array == GoldenFaces.file("aligned/\(face.filename)").array
      #expect(same, "\(face.filename)")
    }
  }

  @Test(.having(GoldenFaces.brokenPaks.count, "broken facesets"), arguments: GoldenFaces.brokenPaks)
  func brokenFacesets(_ name: String) throws {
    let file = try GoldenFaces.file("broken/\(name)")
    #expect(throws: LiaeError.self) { _ = try Faceset.read(file, name: name) }
    #expect(!FileManager.default.fileExists(atPath: "/tmp/PWNED_by_dfl_pickle"))
  }

  private func written(_ faces: [Faceset.Face]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try withFolder { folder in
      try Faceset.write(faces, to: "\(folder)/faceset.pak", replacing: false)
      bytes = try Bytes.read(path: "\(folder)/faceset.pak").array
    }
    return bytes
  }

  @Test(.having(GoldenFaces.pakNames.count, "facesets"), arguments: GoldenFaces.pakNames)
  func writtenAgainItSaysTheSame(_ name: String) throws {
    let faces = try Faceset.read(GoldenFaces.file(name), name: name).faces
    let fromJPEG = try faces.map {
      try Faceset.Face(filename: $0.filename, personName: $0.personName, jpeg: $0.jpeg.read())
    }
    for source in [faces, fromJPEG] {
      let again = try Faceset.read(Bytes.of(written(source)), name: "written").faces
      #expect(again.count == faces.count)
      for (a, b) in zip(again, faces) {
        #expect((a.filename, a.personName, a.faceType) == (b.filename, b.personName, b.faceType))
        #expect(a.shape == b.shape && a.landmarks == b.landmarks && a.sourceFilename == b.sourceFilename)
        #expect(a.xsegMask?.array == b.xsegMask?.array && a.polygons == b.polygons)
        #expect(a.eyebrowExpansion == b.eyebrowExpansion)
        #expect(try a.jpeg.read().array == b.jpeg.read().array)
      }
    }
  }

  @Test(.enabled(if: DeepFaceLabRules.python != nil, "no python3 with numpy"), arguments: GoldenFaces.pakNames)
  func theRulesAcceptWhatIsWritten(_ name: String) throws {
    let expected = try #require(try GoldenFaces.chosen.get().paks?[name])
    let faces = try Faceset.read(GoldenFaces.file(name), name: name).faces
    try withFolder { folder in
      try Faceset.write(faces, to: "\(folder)/faceset.pak", replacing: false)
      let found = try DeepFaceLabRules.samples("\(folder)/faceset.pak")
      #expect(found.count == expected.count)
      for (found, expected) in zip(found, expected) {
        #expect((found.filename, found.person_name) == (expected.filename, expected.person_name))
        #expect((found.source_filename, found.sample_type) == (expected.source_filename, 1))
        #expect(found.face_type == expected.face_type && found.shape == expected.shape)
        #expect(found.landmarks == expected.landmarks)
        #expect(found.eyebrows_expand_mod == expected.eyebrows_expand_mod)
        #expect(found.jpeg_sha1 == expected.jpeg_sha1)
        #expect(found.seg_ie_polys.count == expected.n_polys && (found.xseg_mask != nil) == expected.has_xseg)
      }
    }
  }
}
