// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// A video through one model: decoded, swapped and encoded at the same time, no frame on disk.
final class VideoJob {
  private let info: VideoInfo
  private let survey: FaceSurvey
  private let timeline: FaceTimeline
  private let crew: SwapCrew

  private var failures: Int
  private var counts = (swapped: 0, kept: 0)
  private var steadiness = Steadiness()

  init(info: VideoInfo, survey: FaceSurvey, timeline: FaceTimeline, crew: SwapCrew) {
    (self.info, self.survey, self.timeline, self.crew) = (info, survey, timeline, crew)
    failures = survey.failures
  }

  /// Where the frame of a face stands: DeepFaceLab numbers frames from 1, landmarks files from 0.
  static func place(_ frame: LandmarksFile.FrameName) -> Int? {
    switch frame {
    case .name(let name): return Int(InputFile.stem(name)).flatMap { (1...longest).contains($0) ? $0 - 1 : nil }
    case .index(let index): return index < longest ? index : nil
    }
  }

  /// Frames: a year at 30 a second.
  private static let longest = 1_000_000_000

  private struct Result {
    var swapped: SwappedFrame
    var kept = false
    var failure: String?
  }

  /// - Throws: `Failure` with `someFailed` at the end where a frame or an input failed; then the frame is there as it
  ///   was. Where the video as a whole fails or is interrupted, nothing is written.
  func run(to path: String, maskPath: String?, encoding: VideoEncoding, provenance: Provenance?) throws {
    Interruption.watch()
    let reader = try VideoReader(info)
    guard let first = try reader.next() else { throw Failure(.files, "\(info.path): ffmpeg finds no frame in it") }
    let writer = try VideoWriter(
      to: path, like: info, width: first.width, height: first.height, format: .rgb8, encoding: encoding,
      withAudio: true, provenance: provenance)
    let maskWriter = try maskPath.map { path in
      var info = info
      // Masks are weights, not colours: they use the whole range.
      info.color = ColorTags(range: "pc")
      let lossless = VideoEncoding(crf: 0, pixelFormat: encoding.pixelFormat)
      return try VideoWriter(
        to: path, like: info, width: first.width, height: first.height, format: .gray8, encoding: lossless,
        withAudio: false, provenance: provenance)
    }
    var bar = ProgressBar(total: info.frames ?? 0, unit: "frames", showsRate: true)
    defer { bar.end() }
    var (taken, finished) = (0, 0)
    let pipeline = FramePipeline<(Int, Picture), Result>(
      take: {
        try Interruption.check()
        guard let frame = taken == 0 ? first : try reader.next() else { return nil }
        taken += 1
        return (taken - 1, frame)
      },
      work: { [self] worker, item in process(item.0, item.1, worker) },
      finish: { [self] item, result in
        note(item.0, item.1, result)
        try writer.write(result.swapped.picture)
        try maskWriter?.write(result.swapped.mask)
        finished += 1
        bar.advance(to: finished)
      })
    try pipeline.run(workers: crew.workers)
    try writer.finish()
    try maskWriter?.finish()
    bar.end()
    survey.complainOfFacesPast(finished)
    Console.say(summary)
    if failures > 0 {
      throw Failure(.someFailed, "\(failures) \(failures == 1 ? "input or frame" : "inputs or frames") failed")
    }
  }

  private var summary: String {
    let frames = "frames   \(counts.swapped) swapped, \(counts.kept) without faces kept"
    return counts.swapped > 0 ? steadiness.report(frames, timeline, crew.settings) : frames
  }

  private func note(_ number: Int, _ original: Picture, _ result: Result) {
    if let failure = result.failure {
      Console.complain(failure)
      failures += 1
    } else if result.kept {
      counts.kept += 1
    } else {
      counts.swapped += 1
      steadiness.add(number, original: original, result.swapped)
    }
  }

  private func process(_ number: Int, _ frame: Picture, _ worker: Int) -> Result {
    do throws(LiaeError) {
      let found = timeline.faces[number] ?? []
      if found.isEmpty { return Result(swapped: try kept(frame), kept: true) }
      return Result(swapped: try crew.swap(frame, found, number: number, worker: worker, mask: nil))
    } catch {
      let message = "\(info.path), frame \(number + 1): \(error.message)"
      // Where there is no memory for a black mask either, the frame's own luma is wrong, and said to be.
      let same = (try? kept(frame)) ?? SwappedFrame(picture: frame, mask: frame, faces: [])
      return Result(swapped: same, failure: message)
    }
  }

  private func kept(_ frame: Picture) throws(LiaeError) -> SwappedFrame {
    SwappedFrame(
      picture: frame, mask: try Picture(width: frame.width, height: frame.height, format: .gray8), faces: [])
  }
}
