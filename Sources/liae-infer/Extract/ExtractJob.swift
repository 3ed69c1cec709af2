// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// Faces of frames as DeepFaceLab's extractor leaves them. A face that fails is reported, and the others go on.
final class ExtractJob {
  private let frames: FrameFolder
  private let faces: [Int: [FoundFace]]
  private let type: FaceType
  private let size: Int
  private let quality: Int

  private var failures: Int
  private var count = 0

  /// - Parameters:
  ///   - size: side of an aligned face, pixels.
  ///   - quality: of JPEG, 1...100.
  init(frames: FrameFolder, survey: FaceSurvey, type: FaceType, size: Int, quality: Int) {
    (self.frames, faces, failures) = (frames, survey.faces, survey.failures)
    (self.type, self.size, self.quality) = (type, size, quality)
  }

  /// An aligned face as a file.
  private struct Aligned {
    var name: String
    var jpeg: Bytes
  }

  /// The names of the files, in order.
  var names: [String] {
    faces.keys.sorted().flatMap { place in
      (faces[place] ?? []).indices.map { "\(frames.frames[place].stem)_\($0).jpg" }
    }
  }

  /// - Parameter pak: whether all faces go into one faceset.pak in place of files of their own.
  /// - Throws: `Failure` with `someFailed` at the end where a frame or a face failed; `interrupted`.
  func run(into folder: String, pak: Bool, threads: Int) throws {
    Interruption.watch()
    try File.makeFolder(folder)
    let pending = faces.keys.sorted()
    var bar = ProgressBar(total: pending.count, unit: "frames", showsRate: true)
    defer { bar.end() }
    var packed: [Aligned] = []
    var (taken, finished) = (0, 0)
    let pipeline = FramePipeline<Int, (faces: [Aligned], messages: [String])>(
      take: {
        try Interruption.check()
        defer { taken += 1 }
        return taken < pending.count ? pending[taken] : nil
      },
      work: { [self] _, place in extract(place) },
      finish: { [self] _, result in
        for message in result.messages { Console.complain(message) }
        failures += result.messages.count
        count += result.faces.count
        for face in result.faces where !pak {
          try File.writeAtomically("\(folder)/\(face.name)", replacing: true, face.jpeg)
        }
        if pak { packed += result.faces }
        finished += 1
        bar.advance(to: finished)
      })
    try pipeline.run(workers: min(threads, max(1, pending.count)))
    if pak {
      try Faceset.write(
        packed.map { try Faceset.Face(filename: $0.name, jpeg: $0.jpeg) }, to: "\(folder)/faceset.pak", replacing: true)
    }
    bar.end()
    Console.say("faces    \(count) from \(pending.count) frames")
    if failures > 0 {
      throw Failure(.someFailed, "\(failures) \(failures == 1 ? "face or frame" : "faces or frames") failed")
    }
  }

  private func extract(_ place: Int) -> (faces: [Aligned], messages: [String]) {
    let frame = frames.frames[place]
    var (results, messages): ([Aligned], [String]) = ([], [])
    do throws(LiaeError) {
      let picture = try Picture.read(path: frame.path)
      let canvas = try ColorCanvas(picture)
      for (index, face) in (faces[place] ?? []).enumerated() {
        do throws(LiaeError) {
          results.append(try align(face, in: canvas, frame, index))
        } catch {
          messages.append("\(face.origin): \(error.message)")
        }
      }
    } catch {
      messages.append(error.message)
    }
    return (results, messages)
  }

  /// Bilinear with a black border, as DeepFaceLab's extractor samples.
  private func align(_ face: FoundFace, in frame: ColorCanvas, _ file: FrameFolder.Frame, _ index: Int)
    throws(LiaeError) -> Aligned
  {
    let landmarks = try Landmarks(face.points)
    try landmarks.require68("an aligned face")
    let matrix = try faceTransform(landmarks, size: size, type: type)
    let crop = try frame.warped(matrix.inverse, width: size, height: size, interpolation: .linear)
    let jpeg = try Picture(crop, format: .rgb8).encodedJPEG(quality: quality, provenance: nil)
    let metadata = FaceMetadata(
      faceType: type.rawValue, landmarks: landmarks.points.map { matrix($0) }, sourceFilename: file.name,
      sourceRect: Self.rectangle(landmarks.points), sourceLandmarks: landmarks.points,
      imageToFaceMatrix: matrix.elements)
    let name = "\(file.stem)_\(index).jpg"
    return Aligned(name: name, jpeg: try FaceImage.embed(metadata, in: jpeg, name: name, xmp: nil))
  }

  /// Left, top, right and bottom of the landmarks, in place of a detector's.
  private static func rectangle(_ points: [FramePoint]) -> [Int] {
    // Landmarks are within 1e6 pixels.
    let (x, y) = (points.map(\.x), points.map(\.y))
    return [x.min(), y.min(), x.max(), y.max()].map { Int(($0 ?? 0).rounded()) }
  }
}
