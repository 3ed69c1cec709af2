// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// A video through one model: decoded, swapped and encoded at the same time, no frame on disk.
package final class VideoMerge {
  private let info: VideoInfo
  private let times: FrameTimes
  private let timeline: FaceTimeline
  private let pool: FrameWorkerPool
  private let deinterlaces: Bool
  private let isFaceAlone: Bool

  private var report = MergeReport()
  private var flicker = FlickerMeasurement()

  /// - Parameters:
  ///   - timeline: faces by decoded frames.
  ///   - deinterlaces: whether interlaced frames are made progressive ones.
  ///   - isFaceAlone: whether the faces are written without their frames, with straight alpha.
  package init(
    info: VideoInfo, times: FrameTimes, timeline: FaceTimeline, pool: FrameWorkerPool, deinterlaces: Bool = false,
    isFaceAlone: Bool = false
  ) {
    (self.info, self.timeline, self.pool, self.isFaceAlone) = (info, timeline, pool, isFaceAlone)
    var times = times
    // Lines of a frame that is turned on its side are no fields.
    let isTurned = times.fields != nil && info.rotation % 180 == 90
    self.deinterlaces = deinterlaces || isTurned
    if self.deinterlaces { times.fields = nil }
    self.times = times
  }

  /// - Throws: `invalidArgument` where a result would replace the input, or the frames and the masks would be one file;
  ///   `unknownFormat` where an ending names no container of video; `fileExists`, unless `replacing`.
  package static func checkOutputs(_ path: String, maskPath: String?, source: String, replacing: Bool)
    throws(LiaeError)
  {
    for target in [path, maskPath].compactMap(\.self) {
      _ = try VideoContainer.output(target)
      guard let identity = FileIdentity(target) else { continue }
      if identity == FileIdentity(source) {
        throw LiaeError(.invalidArgument, "\(target): the result would replace the input")
      }
      if !replacing { throw LiaeError(.fileExists, "\(target): exists already; --force replaces it") }
    }
    if path == maskPath {
      throw LiaeError(.invalidArgument, "\(path): the frames and the masks cannot be one file")
    }
  }

  private struct Outcome {
    var frame: SwappedFrame
    /// In place of the frame, where the faces are written alone.
    var faceAlone: Picture?
    var isUnchanged = false
    var error: LiaeError?
  }

  /// Writes the video, and its masks where `maskPath` is given. A frame that fails stays as it was, with a notice.
  ///
  /// - Throws: `unknownFormat` where ffmpeg finds no frame; what ends the video as a whole, `cancelled` for instance. Then
  ///   nothing is written.
  package func run(
    to path: String, maskPath: String?, encoding: VideoEncoding, provenance: Provenance?, observer: SequenceObserver
  ) throws(LiaeError) -> MergeReport {
    (report, flicker) = (MergeReport(), FlickerMeasurement())
    let isDeep = info.pixelFormat.bits > 8
    let reader = try VideoReader(info, isDeep: isDeep, deinterlaces: deinterlaces)
    guard let first = try reader.next() else {
      throw LiaeError(.unknownFormat, "\(info.path): ffmpeg finds no frame in it")
    }
    let writer = try VideoWriter(
      to: path, like: info, times: times,
      frames: .init(
        width: first.width, height: first.height, channels: isFaceAlone ? .rgba : .rgb, bits: info.pixelFormat.bits),
      encoding: encoding,
      withCompanions: true, provenance: provenance)
    let maskWriter = try self.maskWriter(to: maskPath, like: first, encoding, provenance)
    observer.progress(SequenceProgress(finished: 0, total: times.count))
    var (taken, finished) = (0, 0)
    let pipeline = FramePipeline<(Int, Picture), Outcome>(
      take: { () throws(LiaeError) in
        try observer.checkCancelled()
        guard let frame = taken == 0 ? first : try reader.next() else {
          for notice in reader.notices { observer.notice(notice) }
          return nil
        }
        taken += 1
        return (taken - 1, frame)
      },
      work: { [self] (worker, item) throws(LiaeError) in process(item.0, item.1, worker) },
      finish: { [self] (item, outcome) throws(LiaeError) in
        note(item.0, item.1, outcome, observer)
        try writer.write(outcome.faceAlone ?? outcome.frame.picture)
        try maskWriter?.write(outcome.frame.mask)
        finished += 1
        observer.progress(SequenceProgress(finished: finished, total: times.count))
      })
    try pipeline.run(workers: pool.workers)
    try writer.finish()
    try maskWriter?.finish()
    for notice in writer.notices { observer.notice(notice) }
    if finished != times.count {
      observer.notice(.recounted(path: info.path, counted: times.count, decoded: finished))
    }
    let losses = try info.losses(in: VideoInfo(probing: path), fields: times.fields)
    if !losses.isEmpty { observer.notice(.videoLost(path: path, properties: losses)) }
    if report.swapped > 0 { report.flicker = FlickerReport(timeline, flicker) }
    return report
  }

  private func maskWriter(
    to path: String?, like first: Picture, _ encoding: VideoEncoding, _ provenance: Provenance?
  ) throws(LiaeError) -> VideoWriter? {
    guard let path else { return nil }
    var info = info
    // Masks are weights, not colours: they use the whole range.
    info.color = ColorTags(range: "pc")
    return try VideoWriter(
      to: path, like: info, times: times, frames: .init(width: first.width, height: first.height, channels: .gray),
      encoding: VideoEncoding(crf: 0, pixelFormat: encoding.pixelFormat, isConstantRate: encoding.isConstantRate),
      withCompanions: false, provenance: provenance)
  }

  private func note(_ number: Int, _ original: Picture, _ outcome: Outcome, _ observer: SequenceObserver) {
    if let error = outcome.error {
      report.failures += 1
      observer.notice(.failed(error))
    } else if outcome.isUnchanged {
      report.unchanged += 1
    } else {
      report.swapped += 1
      flicker.add(number, original: original, outcome.frame)
    }
  }

  private func process(_ number: Int, _ frame: Picture, _ worker: Int) -> Outcome {
    // Memory that ran out for another frame may be there for this one.
    MemoryShortage.clear()
    do throws(LiaeError) {
      let detected = timeline.faces[number] ?? []
      if detected.isEmpty {
        return Outcome(frame: try unchanged(frame), faceAlone: try transparent(frame), isUnchanged: true)
      }
      let swapped = try pool.swap(
        frame, detected, number: number, worker: worker, mask: nil, isFloat: isFaceAlone)
      return Outcome(frame: swapped, faceAlone: isFaceAlone ? try swapped.faceAlone(over: frame) : nil)
    } catch {
      // Where there is no memory for a black mask either, the frame's own luma is wrong, and said to be.
      let same = (try? unchanged(frame)) ?? SwappedFrame(picture: frame, mask: frame, faces: [])
      return Outcome(
        frame: same, faceAlone: try? transparent(frame), error: error.within("\(info.path), frame \(number + 1)"))
    }
  }

  /// What a frame without faces is where these are written alone.
  private func transparent(_ frame: Picture) throws(LiaeError) -> Picture? {
    isFaceAlone ? try Picture(width: frame.width, height: frame.height, format: .rgba8) : nil
  }

  private func unchanged(_ frame: Picture) throws(LiaeError) -> SwappedFrame {
    SwappedFrame(
      picture: frame, mask: try Picture(width: frame.width, height: frame.height, format: .gray8), faces: [])
  }
}
