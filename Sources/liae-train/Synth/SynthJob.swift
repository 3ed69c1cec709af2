// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSequence
import LiaeSynth
import LiaeSystem

/// A faceset of one rendered person, with the frames that it comes from.
struct SynthJob {
  let folder: String
  let identity: Identity
  let count: Int
  let seed: UInt64
  /// Side of an aligned face, pixels.
  let size: Int
  let frame: FrameSize
  let type: FaceType
  let quality: Int
  let pak: Bool
  let writesFrames: Bool
  let purpose: FrameParameters.Purpose
  let replacing: Bool

  private var aligned: String { "\(folder)/aligned" }
  private var frames: String { "\(folder)/frames" }
  private var masks: String { "\(folder)/masks" }
  private var landmarks: String { "\(folder)/landmarks.jsonl" }

  private func stem(_ index: Int) -> String { String("\(100_001 + index)".dropFirst()) }

  /// Does nothing but look.
  ///
  /// - Throws: where a file is there that would be written, unless they may be replaced.
  func checkOutputs(video: String?) throws {
    guard !replacing else { return }
    func check(_ path: String) throws {
      guard File.kind(path) == nil else { throw Failure(.files, "\(path): exists already; --force replaces it") }
    }
    if let video { try check(video) }
    try check(landmarks)
    // A faceset that is packed hides loose faces, and the other way round faces of another run would mix in.
    for folder in [aligned] + (writesFrames ? [frames, masks] : []) where File.kind(folder) == .folder {
      if let name = try File.list(folder).first { try check("\(folder)/\(name)") }
    }
  }

  /// What a worker makes of a number.
  private struct Made {
    var face: Bytes
    var frame: Bytes?
    var mask: Bytes?
    var line: String
  }

  /// - Throws: `interrupted`, what rendering and writing throw.
  func run(workers: Int) throws {
    Interruption.watch()
    for folder in [aligned] + (writesFrames ? [frames, masks] : []) { try File.makeFolder(folder) }
    let head = try Head(identity)
    let crew = try (0..<workers).map { _ in try Renderer(width: frame.width, height: frame.height) }
    var lines: [String] = []
    var packed: [Faceset.Face] = []
    var bar = ProgressBar(total: count, unit: "faces", showsRate: true)
    defer { bar.end() }
    var taken = 0
    let pipeline = FramePipeline<Int, Result<Made, LiaeError>>(
      take: { () throws(LiaeError) in
        try Interruption.check()
        defer { taken += 1 }
        return taken < count ? taken : nil
      },
      work: { worker, index in Result { () throws(LiaeError) in try make(index, head, crew[worker]) } },
      finish: { (index, result) throws(LiaeError) in
        let made = try result.get()
        let name = "\(stem(index))_0.jpg"
        if pak {
          packed.append(try Faceset.Face(filename: name, jpeg: made.face))
        } else {
          try File.writeAtomically("\(aligned)/\(name)", replacing: replacing, made.face)
        }
        if let frame = made.frame, let mask = made.mask {
          try File.writeAtomically("\(frames)/\(stem(index)).png", replacing: replacing, frame)
          try File.writeAtomically("\(masks)/\(stem(index)).png", replacing: replacing, mask)
        }
        lines.append(made.line)
        bar.advance(to: index + 1)
      })
    try pipeline.run(workers: min(workers, count))
    if pak { try Faceset.write(packed, to: "\(aligned)/faceset.pak", replacing: replacing) }
    try File.writeAtomically(landmarks, replacing: replacing, text: lines.joined(separator: "\n") + "\n")
    bar.end()
    Console.say("faces    \(count) of \(identity.name) in \(aligned)")
  }

  private func make(_ index: Int, _ head: Head, _ renderer: Renderer) throws(LiaeError) -> Made {
    let parameters = FrameParameters(index: index, seed: seed, purpose: purpose, person: identity.name)
    let rendered = try renderer.render(head, parameters)
    let face = try SyntheticFace(rendered, type: type, size: size)
    let source = "\(stem(index)).png"
    return Made(
      face: try face.encoded(name: "\(stem(index))_0.jpg", source: source, quality: quality),
      frame: writesFrames ? try rendered.picture.encodedPNG(provenance: nil) : nil,
      mask: writesFrames ? try rendered.mask.encodedPNG(provenance: nil) : nil,
      line: LandmarksFile.line(frame: .name(source), points: rendered.landmarks))
  }

  /// A video of the person, and its landmarks beside it, `FILE.jsonl`.
  ///
  /// - Throws: `interrupted`, what rendering and ffmpeg throw.
  func writeVideo(_ path: String, frames: Int, workers: Int) throws {
    guard let rate = Fraction("25/1") else { return }
    let head = try Head(identity)
    let crew = try (0..<workers).map { _ in try Renderer(width: frame.width, height: frame.height) }
    let motion = ParameterPath(seed: seed, frames: frames, rate: 25, purpose: purpose, person: identity.name)
    let writer = try VideoWriter(
      to: path, like: VideoInfo(path: path, rate: rate, frames: frames), width: frame.width, height: frame.height,
      format: .rgb8, encoding: VideoEncoding(encoder: "libx264"), withAudio: false, provenance: nil)
    var lines: [String] = []
    var bar = ProgressBar(total: frames, unit: "frames", showsRate: true)
    defer { bar.end() }
    var taken = 0
    let pipeline = FramePipeline<Int, Result<RenderedFrame, LiaeError>>(
      take: { () throws(LiaeError) in
        try Interruption.check()
        defer { taken += 1 }
        return taken < frames ? taken : nil
      },
      work: { worker, index in Result { () throws(LiaeError) in try crew[worker].render(head, motion[index]) } },
      finish: { (index, result) throws(LiaeError) in
        let rendered = try result.get()
        try writer.write(rendered.picture)
        lines.append(LandmarksFile.line(frame: .index(index), points: rendered.landmarks))
        bar.advance(to: index + 1)
      })
    try pipeline.run(workers: min(workers, frames))
    try writer.finish()
    try File.writeAtomically("\(path).jsonl", replacing: true, text: lines.joined(separator: "\n") + "\n")
    bar.end()
    Console.say("video    \(frames) frames in \(path)")
  }
}
