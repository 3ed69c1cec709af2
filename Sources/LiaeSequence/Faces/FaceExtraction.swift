// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// Aligned faces cut out of the frames of a folder, as DeepFaceLab's extractor leaves them.
package final class FaceExtraction {
  /// Outcome for the faces.
  package struct Report: Sendable, Equatable {
    package var faces = 0
    package var frames = 0
    /// Frames and faces that failed.
    package var failures = 0
  }

  /// The files written for a folder: one for each face, or one `faceset.pak`.
  package enum Target: Sendable { case files, pak }

  private let frames: FrameFolder
  private let faces: [Int: [DetectedFace]]
  private let type: FaceType
  private let size: Int
  private let quality: Int
  private let target: Target

  /// - Parameters:
  ///   - faces: by the frame's place in the folder.
  ///   - size: side of an aligned face, pixels.
  ///   - quality: of JPEG, 1...100.
  package init(
    frames: FrameFolder, faces: [Int: [DetectedFace]], type: FaceType, size: Int, quality: Int, target: Target
  ) {
    self.faces = faces.filter { frames.frames.indices.contains($0.key) }
    (self.frames, self.type) = (frames, type)
    (self.size, self.quality, self.target) = (size, quality, target)
  }

  /// The names of the files, in order.
  private var names: [String] {
    if target == .pak { return ["faceset.pak"] }
    return faces.keys.sorted().flatMap { place in
      (faces[place] ?? []).indices.map { "\(frames.frames[place].stem)_\($0).jpg" }
    }
  }

  /// - Throws: `invalidArgument` where a face would replace a frame; unless `replacing`, `fileExists`.
  package func checkOutputs(_ folder: String, replacing: Bool) throws(LiaeError) {
    try File.requireFolder(folder)
    for name in names where File.kind("\(folder)/\(name)") != nil {
      if FileIdentity(folder) == FileIdentity(frames.path) {
        throw LiaeError(.invalidArgument, "\(folder)/\(name): a face would replace a frame; choose another folder")
      }
      if !replacing { throw LiaeError(.fileExists, "\(folder)/\(name): exists already; --force replaces it") }
    }
  }

  /// A face as a file.
  private struct Aligned {
    var name: String
    var jpeg: Bytes
  }

  /// Faces of one frame, and the errors of those that failed.
  private struct Result {
    var faces: [Aligned] = []
    /// Exif's, of the frame.
    var orientation = 1
    var errors: [LiaeError] = []
  }

  /// Cuts all faces out and writes them, frames in their order. A face that fails is left out, with a notice.
  ///
  /// - Parameter workers: frames worked on at once.
  /// - Throws: `cancelled`; what the error is of a file that cannot be written.
  package func run(into folder: String, workers: Int, observer: SequenceObserver) throws(LiaeError) -> Report {
    try File.makeFolder(folder)
    let pending = faces.keys.sorted()
    var report = Report(frames: pending.count)
    var packed: [Faceset.Face] = []
    var (taken, finished, saidOrientation) = (0, 0, false)
    let batch = WriteBatch()
    observer.progress(SequenceProgress(finished: 0, total: pending.count))
    let pipeline = FramePipeline<Int, Result>(
      take: { () throws(LiaeError) in
        try observer.checkCancelled()
        defer { taken += 1 }
        return taken < pending.count ? pending[taken] : nil
      },
      work: { [self] (_, place) throws(LiaeError) in try extract(place) },
      finish: { [target, frames] (place, result) throws(LiaeError) in
        if result.orientation != 1, !saidOrientation {
          saidOrientation = true
          observer.notice(.turned(first: frames.frames[place].path, orientation: result.orientation))
        }
        for error in result.errors { observer.notice(.failed(error)) }
        report.failures += result.errors.count
        report.faces += result.faces.count
        for face in result.faces {
          switch target {
          case .files: try File.writeAtomically("\(folder)/\(face.name)", replacing: true, in: batch, face.jpeg)
          case .pak: packed.append(try Faceset.Face(filename: face.name, jpeg: face.jpeg))
          }
        }
        finished += 1
        observer.progress(SequenceProgress(finished: finished, total: pending.count))
      })
    try batch.finishing { () throws(LiaeError) in try pipeline.run(workers: min(workers, max(1, pending.count))) }
    if target == .pak { try Faceset.write(packed, to: "\(folder)/faceset.pak", replacing: true) }
    return report
  }

  /// - Throws: `cancelled`.
  private func extract(_ place: Int) throws(LiaeError) -> Result {
    let frame = frames.frames[place]
    var result = Result()
    do throws(LiaeError) {
      let file = try PictureFile.read(path: frame.path, keeps16Bits: true)
      result.orientation = file.orientation
      let canvas = try ColorCanvas(file.picture)
      for (index, face) in (faces[place] ?? []).enumerated() {
        do throws(LiaeError) {
          result.faces.append(try align(face, in: canvas, frame, index))
        } catch {
          if error.status == .cancelled { throw error }
          result.errors.append(error.within(face.origin))
        }
      }
    } catch {
      if error.status == .cancelled { throw error }
      result.errors.append(error)
    }
    return result
  }

  /// Bilinear with a black border, as DeepFaceLab's extractor samples.
  private func align(_ face: DetectedFace, in frame: ColorCanvas, _ file: FrameFolder.Frame, _ index: Int)
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

  /// Returns left, top, right and bottom of the landmarks, in place of a detector's.
  private static func rectangle(_ points: [Point]) -> [Int] {
    // Landmarks are within 1e6 pixels.
    let (x, y) = (points.map(\.x), points.map(\.y))
    return [x.min(), y.min(), x.max(), y.max()].map { Int(($0 ?? 0).rounded()) }
  }
}
