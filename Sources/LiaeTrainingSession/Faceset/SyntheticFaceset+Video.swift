// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSequence
import LiaeSynth
import LiaeSystem

extension SyntheticFaceset {
  /// Renders a video in which the person's face moves smoothly, 25 frames a second, and writes its landmarks beside it, to
  /// `PATH.jsonl`.
  ///
  /// - Parameters:
  ///   - frames: of the video, 1...99999.
  ///   - workers: frames rendered at once.
  /// - Throws: what rendering and ffmpeg throw; `cancelled`. No video is there then.
  package func writeVideo(
    _ path: String, frames: Int, workers: Int, observer: SequenceObserver = SequenceObserver()
  ) throws(LiaeError) {
    guard let rate = Fraction("25/1") else { throw LiaeError(.internalError, "25/1 is no rate of frames") }
    let head = try Head(identity)
    let renderers = try (0..<max(1, workers)).map { (_) throws(LiaeError) in
      try Renderer(width: frame.width, height: frame.height)
    }
    let motion = ParameterPath(seed: seed, frames: frames, rate: 25, purpose: purpose, person: identity.name)
    let encoding = VideoEncoding(encoder: "libx264")
    let writer = try VideoWriter(
      to: path, like: VideoInfo(path: path, rate: rate),
      times: OutputTimes(
        FrameTimes(rate: rate), rate: rate, container: VideoContainer.output(path), encoding: encoding),
      frames: .init(width: frame.width, height: frame.height), encoding: encoding)
    var lines: [String] = []
    let pipeline = FramePipeline<Int, RenderedFrame>(
      take: observer.counter(to: frames),
      work: { (worker, index) throws(LiaeError) in
        // An object stays for two seconds and moves with the face.
        try renderers[worker].render(head, motion[index]).occluded(by: occluders(index / 50))
      },
      finish: { (index, rendered) throws(LiaeError) in
        try writer.write(rendered.picture, index)
        lines.append(LandmarksFile.line(frame: .index(index), points: rendered.landmarks))
        observer.progress(SequenceProgress(finished: index + 1, total: frames))
      })
    try pipeline.run(workers: min(renderers.count, frames))
    try writer.finish()
    try File.writeAtomically("\(path).jsonl", replacing: true, text: lines.joined(separator: "\n") + "\n")
  }
}
