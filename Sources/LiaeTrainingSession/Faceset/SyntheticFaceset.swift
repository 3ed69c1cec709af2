// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSequence
import LiaeSynth
import LiaeSystem

/// A faceset of one rendered person, as files: aligned faces with DeepFaceLab's metadata, the frames that they come from,
/// masks of those, and landmarks.
package struct SyntheticFaceset {
  package let folder: String
  package let identity: Identity
  /// Frames, one face each, 1...99999.
  package let count: Int
  package let seed: UInt64
  package var purpose = FrameParameters.Purpose.training
  /// The size of the frames, pixels.
  package var frame = (width: 400, height: 400)
  /// Side of an aligned face, pixels.
  package var side = 256
  package var type = FaceType.whole
  /// The share of the frames that have an object before the face, 0...1.
  package var occluded = 0.0
  /// JPEG quality of the aligned faces, 1...100.
  package var quality = 95
  /// True if aligned faces are written into one `faceset.pak`.
  package var isPacked = false
  package var writesFrames = true
  /// True if files that are there already are replaced.
  package var replacing = false

  package init(of identity: Identity, in folder: String, count: Int, seed: UInt64) {
    (self.identity, self.folder, self.count, self.seed) = (identity, folder, count, seed)
  }

  package var aligned: String { "\(folder)/aligned" }
  private var frames: String { "\(folder)/frames" }
  private var masks: String { "\(folder)/masks" }
  private var landmarks: String { "\(folder)/landmarks.jsonl" }
  private var folders: [String] { [aligned] + (writesFrames ? [frames, masks] : []) }

  private func stem(_ index: Int) -> String { String("\(100_001 + index)".dropFirst()) }

  /// Checks that nothing is there that would be written; writes nothing.
  ///
  /// - Parameter video: the path of the video that is to be written too, or nil.
  /// - Throws: `fileExists`, unless files may be replaced.
  package func checkOutputs(video: String?) throws(LiaeError) {
    guard !replacing else { return }
    var present = [video, landmarks].compactMap { $0 }.first { File.kind($0) != nil }
    // A faceset that is packed hides loose faces, and the other way round faces of another run would mix in.
    for folder in folders where present == nil && File.kind(folder) == .folder {
      present = try File.list(folder).first.map { "\(folder)/\($0)" }
    }
    if let present { throw LiaeError(.fileExists, "\(present): exists already; --force replaces it") }
  }

  /// The output of a worker for one number.
  private struct Made {
    var face: Bytes
    var frame: Bytes?
    var mask: Bytes?
    var landmarks: String
  }

  /// Renders and writes the faceset. Files do not depend on the number of workers.
  ///
  /// - Parameter workers: frames rendered at once.
  /// - Throws: what rendering and writing throw; `cancelled`, with the faces that are done in their places.
  package func write(workers: Int, observer: SequenceObserver = SequenceObserver()) throws(LiaeError) {
    for folder in folders { try File.makeFolder(folder) }
    let head = try Head(identity)
    let renderers = try (0..<max(1, workers)).map { (_) throws(LiaeError) in
      try Renderer(width: frame.width, height: frame.height)
    }
    let batch = WriteBatch()
    var lines: [String] = []
    var packed: [Faceset.Face] = []
    let pipeline = FramePipeline<Int, Made>(
      take: observer.counter(to: count),
      work: { (worker, index) throws(LiaeError) in try make(index, head, renderers[worker]) },
      finish: { (index, made) throws(LiaeError) in
        let name = "\(stem(index))_0.jpg"
        if isPacked {
          packed.append(try Faceset.Face(filename: name, jpeg: made.face))
        } else {
          try File.writeAtomically("\(aligned)/\(name)", replacing: replacing, in: batch, made.face)
        }
        if let frame = made.frame, let mask = made.mask {
          try File.writeAtomically("\(frames)/\(stem(index)).png", replacing: replacing, in: batch, frame)
          try File.writeAtomically("\(masks)/\(stem(index)).png", replacing: replacing, in: batch, mask)
        }
        lines.append(made.landmarks)
        observer.progress(SequenceProgress(finished: index + 1, total: count))
      })
    try batch.finishing { () throws(LiaeError) in try pipeline.run(workers: min(renderers.count, count)) }
    if isPacked { try Faceset.write(packed, to: "\(aligned)/faceset.pak", replacing: replacing) }
    try File.writeAtomically(landmarks, replacing: replacing, text: lines.joined(separator: "\n") + "\n")
  }

  func occluders(_ index: Int) -> [Occluder] {
    Occluder.random(index: index, seed: seed, purpose: purpose, person: identity.name, share: occluded)
  }

  private func make(_ index: Int, _ head: Head, _ renderer: Renderer) throws(LiaeError) -> Made {
    let parameters = FrameParameters(index: index, seed: seed, purpose: purpose, person: identity.name)
    let rendered = try renderer.render(head, parameters).occluded(by: occluders(index))
    let face = try SyntheticFace(rendered, type: type, size: side)
    let source = "\(stem(index)).png"
    return Made(
      face: try face.encoded(name: "\(stem(index))_0.jpg", source: source, quality: quality),
      frame: writesFrames ? try rendered.picture.encodedPNG(provenance: nil) : nil,
      mask: writesFrames ? try rendered.mask.encodedPNG(provenance: nil) : nil,
      landmarks: LandmarksFile.line(frame: .name(source), points: rendered.landmarks))
  }
}

extension SequenceObserver {
  /// The numbers 0..<count one after the other, for `FramePipeline`; throws `cancelled` where that is asked for.
  func counter(to count: Int) -> () throws(LiaeError) -> Int? {
    var taken = 0
    return { () throws(LiaeError) in
      if isCancelled() { throw LiaeError(.cancelled, "interrupted") }
      defer { taken += 1 }
      return taken < count ? taken : nil
    }
  }
}
