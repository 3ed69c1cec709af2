// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSequence
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

@Suite struct FaceExtractionTests {
  private func extraction(
    _ target: FaceExtraction.Target = .files, type: FaceType = .whole, faces: [Int: [DetectedFace]]? = nil
  ) throws -> FaceExtraction {
    let frames = try FrameFolder(GoldenFaces.frames)
    let found = try faces ?? FaceIndex(.aligned(GoldenFaces.aligned), place: frames.place).faces
    return FaceExtraction(frames: frames, faces: found, type: type, size: 256, quality: 95, target: target)
  }

  /// The same landmarks at the same size: the matrix is DeepFaceLab's, and the pixels are its own but for two JPEGs.
  @Test(arguments: [1, 3]) func facesAreDeepFaceLabs(workers: Int) throws {
    let folder = try TemporaryFolder()
    let log = Log()
    let report = try extraction().run(into: folder("out"), workers: workers, observer: log.observer)
    #expect((report.faces, report.frames, report.failures) == (7, 7, 0) && log.notices.isEmpty)
    #expect(log.progress.last == SequenceProgress(finished: 7, total: 7))
    #expect(try File.list(folder("out")) == GoldenFaces.stems.map { "\($0)_0.jpg" })
    // The first two are whole faces.
    for stem in ["00001", "00002"] {
      let path = folder("out/\(stem)_0.jpg")
      let metadata = try #require(try FaceImage.readMetadata(Bytes.read(path: path), name: path))
      let golden = try GoldenFaces.face(stem)
      #expect(metadata.sourceFilename == "\(stem).png" && metadata.faceType == "whole_face")
      #expect(metadata.sourceLandmarks == golden.points)
      let matrix = try #require(metadata.imageToFaceMatrix)
      for (a, b) in zip(matrix, golden.image_to_face_mat.joined()) { #expect(abs(a - b) < 2e-3) }
      let (ours, theirs) = (try pixels(path), try pixels("\(GoldenFaces.aligned)/\(stem)_0.jpg"))
      var difference = 0
      for (a, b) in zip(ours, theirs) { difference += abs(Int(a) - Int(b)) }
      #expect(ours.count == theirs.count && Double(difference) / Double(ours.count) < 3, "\(stem)")
    }
  }

  @Test func onePakHoldsTheSameFiles() throws {
    let folder = try TemporaryFolder()
    _ = try extraction().run(into: folder("files"), workers: 2, observer: SequenceObserver())
    _ = try extraction(.pak).run(into: folder("pak"), workers: 2, observer: SequenceObserver())
    #expect(try File.list(folder("pak")) == ["faceset.pak"])
    let pak = try Faceset.read(Bytes.read(path: folder("pak/faceset.pak")), name: "pak")
    #expect(pak.faces.map(\.filename) == GoldenFaces.stems.map { "\($0)_0.jpg" })
    for face in pak.faces {
      let file = try Bytes.read(path: folder("files/\(face.filename)"))
      #expect(try contents(["": face.jpeg.read()]) == contents(["": file]))
    }
  }

  @Test func whatFailsIsLeftOut() throws {
    let folder = try TemporaryFolder()
    let good = DetectedFace(points: try GoldenFaces.face("00001").points, origin: "good")
    let line = DetectedFace(points: (0..<68).map { Point(Double($0), Double($0)) }, origin: "line")
    let five = DetectedFace(points: (0..<5).map { Point(Double($0 * $0), Double($0)) }, origin: "five")
    let log = Log()
    let report = try extraction(faces: [0: [line, good, five], 2: [good], 99: [good]])
      .run(into: folder("out"), workers: 1, observer: log.observer)
    #expect((report.faces, report.frames, report.failures) == (2, 2, 2))
    #expect(log.messages.map { String($0.prefix(6)) } == ["line: ", "five: "])
    // A face keeps the number that it has in its frame.
    #expect(try File.list(folder("out")) == ["00001_1.jpg", "00003_0.jpg"])
  }

  @Test func outputsThatAreThere() throws {
    let folder = try TemporaryFolder()
    try File.writeAtomically(folder("00003_0.jpg"), replacing: false, text: "mine")
    let files = try extraction()
    #expect(failure { try files.checkOutputs(folder.path, replacing: false) }?.status == .fileExists)
    #expect(failure { try files.checkOutputs(folder.path, replacing: true) } == nil)
    #expect(failure { try files.checkOutputs(folder("00003_0.jpg"), replacing: true) }?.status == .inputOutput)
    #expect(failure { try extraction(.pak).checkOutputs(folder.path, replacing: false) } == nil)
  }

  @Test func cancelled() throws {
    let folder = try TemporaryFolder()
    let log = Log(cancelledAfter: 3)
    let error = failure { _ = try extraction().run(into: folder("out"), workers: 1, observer: log.observer) }
    #expect(error?.status == .cancelled)
    #expect(try File.list(folder("out")).count == 3)
  }
}
