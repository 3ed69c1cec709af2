// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeImageIO
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeText

/// A video through one model: decoded, swapped and encoded at the same time, segment by segment. Finished segments stay
/// where a run is stopped, and the next run goes on behind them; at the end they are joined.
package final class VideoMerge {
  /// The outputs and their paths.
  package struct Output {
    package var path: String
    /// The video of the masks; nil: none.
    package var maskPath: String?
    package var encoding: VideoEncoding
    package var provenance: Provenance?
    /// True if interlaced frames are made progressive ones.
    package var deinterlaces = false
    /// True if the faces are written without their frames, with straight alpha.
    package var isFaceAlone = false
    /// Frames of a segment.
    package var segmentLength = 250

    package init(path: String, maskPath: String? = nil, encoding: VideoEncoding, provenance: Provenance? = nil) {
      (self.path, self.maskPath, self.encoding, self.provenance) = (path, maskPath, encoding, provenance)
    }
  }

  /// The segments that a process makes, and whether it joins them.
  package enum Extent: Sendable, Equatable {
    /// All that are missing; then they are joined.
    case whole
    /// The segments of one shard of the video, which other processes complete.
    case shard(Shard)
    /// No segment is made: those that are there are joined.
    case join
  }

  let info: VideoInfo
  let times: FrameTimes
  let timeline: FaceTimeline
  let pool: FrameWorkerPool
  let output: Output
  let resultTimes: OutputTimes
  let segments: VideoSegments
  let folder: SegmentFolder
  /// The field order of the frames that are written; nil: progressive.
  let fields: FieldOrder?
  let deinterlaces: Bool

  private var report = MergeReport()
  private var flicker = FlickerMeasurement()

  /// - Parameters:
  ///   - timeline: faces by decoded frames.
  ///   - plan: the model of the pool.
  /// - Throws: `inputOutput` where the video cannot be read; `unknownFormat`, `limitExceeded` of the output.
  package init(
    info: VideoInfo, times: FrameTimes, timeline: FaceTimeline, pool: FrameWorkerPool, output: Output
  ) throws(LiaeError) {
    (self.info, self.times, self.timeline, self.pool, self.output) = (info, times, timeline, pool, output)
    // Lines of a frame that is turned on its side are no fields.
    deinterlaces = output.deinterlaces || times.fields != nil && info.rotation % 180 == 90
    fields = deinterlaces ? nil : times.fields
    resultTimes = try OutputTimes(
      times, rate: info.rate, container: VideoContainer.output(output.path), encoding: output.encoding)
    segments = VideoSegments(frames: times.count, length: output.segmentLength, times: resultTimes)
    folder = SegmentFolder(
      beside: output.path, mask: output.maskPath,
      content: try Self.content(info, times, timeline, pool, output), count: segments.ranges.count)
  }

  /// - Throws: `invalidArgument` where a result would replace the input, or the frames and the masks would be one file;
  ///   `unknownFormat` where an ending names no container of video; `fileNotFound` where there is no folder for it;
  ///   `fileExists`, unless `replacing`.
  package static func checkOutputs(_ path: String, maskPath: String?, source: String, replacing: Bool)
    throws(LiaeError)
  {
    for target in [path, maskPath].compactMap(\.self) {
      _ = try VideoContainer.output(target)
      guard File.kind(File.folder(target)) == .folder else {
        throw LiaeError(.fileNotFound, "\(target): cannot be written: its folder does not exist")
      }
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

  /// Writes the video, and its masks where they are wanted. A frame that fails stays as it was, with a notice.
  ///
  /// - Parameters:
  ///   - extent: the part of the work that is done.
  ///   - replacing: whether a shard takes away segments of other settings.
  /// - Throws: `unknownFormat` where ffmpeg finds no frame; `fileNotFound` where segments that are to be joined are missing,
  ///   `fileExists` where a shard finds those of other settings; what ends the video as a whole, `cancelled` for instance.
  ///   Segments that are finished stay then.
  package func run(_ extent: Extent = .whole, replacing: Bool = false, observer: SequenceObserver) throws(LiaeError)
    -> MergeReport
  {
    (report, flicker) = (MergeReport(), FlickerMeasurement())
    do throws(LiaeError) {
      if extent == .join { try requireAllSegments() } else { try encode(extent, replacing: replacing, observer) }
      if case .shard = extent { return finishedReport() }
      try join(observer)
    } catch {
      // What failed is worth more than a folder that cannot be removed. Other shards may be about to use it.
      if extent == .whole {
        // Also where the call is cancelled.
        try? CallScope.with(ignoringOuterFlags: true) { () throws(LiaeError) in try folder.removeUnlessUsed() }
      }
      throw error
    }
    try folder.remove()
    let losses = try info.losses(in: VideoInfo(probing: output.path), fields: fields)
    if !losses.isEmpty { observer.notice(.videoLost(path: output.path, properties: losses)) }
    return finishedReport()
  }

  private func finishedReport() -> MergeReport {
    if report.swapped > 0 { report.flicker = FlickerReport(timeline, flicker) }
    return report
  }

  // MARK: Encoding

  private func encode(_ extent: Extent, replacing: Bool, _ observer: SequenceObserver) throws(LiaeError) {
    var shard: Shard?
    if case .shard(let some) = extent { shard = some }
    let own = segments.indices(shard)
    let differences = try folder.begin(own, isShard: shard != nil, replacing: replacing)
    if !differences.isEmpty { observer.notice(.segmentsRemoved(folder: folder.path, differences: differences)) }
    var finished = try folder.finished()
    // Frames that failed are tried again.
    for (index, note) in finished where note.failures > 0 && own.contains(index) {
      try folder.remove(index)
      finished[index] = nil
    }
    let missing = own.filter { finished[$0] == nil && $0 <= lastSegment(finished) }
    let total = own.reduce(0) { $0 + segments.ranges[$1].count }
    let pending = missing.reduce(0) { $0 + segments.ranges[$1].count }
    if pending < total {
      observer.notice(.resumed(folder: folder.path, finished: total - pending, total: total))
    }
    guard !missing.isEmpty else { return }
    let encoder = SegmentEncoder(self, missing)
    let ranges = neededFrames(missing)
    let reader = try VideoReader(
      info, isDeep: info.pixelFormat.bits > 8, deinterlaces: deinterlaces, ranges: ranges, isUniform: times.isUniform)
    observer.progress(SequenceProgress(finished: 0, total: pending))
    var done = 0
    let pipeline = FramePipeline<(number: Int, picture: Picture), FrameOutcome>(
      take: { () throws(LiaeError) in
        try observer.checkCancelled()
        if let frame = try reader.next() { return frame }
        for notice in reader.notices { observer.notice(notice) }
        return nil
      },
      work: { [self] (worker, frame) throws(LiaeError) in try process(frame.number, frame.picture, worker) },
      finish: { [self] (frame, outcome) throws(LiaeError) in
        guard encoder.writes(frame.number) else { return }
        note(frame.number, frame.picture, outcome, observer)
        try encoder.write(outcome, frame.number)
        done += 1
        observer.progress(SequenceProgress(finished: done, total: pending))
      })
    try pipeline.run(workers: pool.workers)
    try encoder.finish()
    guard let last = missing.last, segments.isLast(last) else { return }
    let decoded = encoder.end ?? segments.ranges[missing[0]].lowerBound
    guard decoded > 0 else { throw LiaeError(.unknownFormat, "\(info.path): ffmpeg finds no frame in it") }
    if decoded != times.count {
      observer.notice(.recounted(path: info.path, counted: times.count, decoded: decoded))
    }
  }

  /// The number of the last segment; where fewer frames could be decoded than were counted, that in which they end.
  private func lastSegment(_ finished: [Int: SegmentFolder.Note]) -> Int {
    let ends = finished.filter { index, note in note.end.map { $0 < segments.ranges[index].upperBound } ?? false }
    return ends.keys.min() ?? segments.ranges.count - 1
  }

  /// The frames of segments and, where averages need those before, the ones with faces right before them.
  private func neededFrames(_ missing: [Int]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for index in missing {
      var range = segments.ranges[index]
      if pool.settings.isSequential {
        while range.lowerBound > 0, !(timeline.faces[range.lowerBound - 1] ?? []).isEmpty,
          !(timeline.faces[range.lowerBound] ?? []).isEmpty
        {
          range = range.lowerBound - 1..<range.upperBound
        }
      }
      if segments.isLast(index) { range = range.lowerBound..<Int.max }
      if let last = ranges.last, range.lowerBound <= last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound..<max(range.upperBound, last.upperBound)
      } else {
        ranges.append(range)
      }
    }
    return ranges
  }

  private func note(_ number: Int, _ original: Picture, _ outcome: FrameOutcome, _ observer: SequenceObserver) {
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

  // MARK: Joining

  /// - Throws: `fileNotFound` naming the frames of the first segment that is missing.
  private func requireAllSegments() throws(LiaeError) {
    let finished = try folder.finished()
    let missing = (0...lastSegment(finished)).filter { finished[$0] == nil }
    guard let first = missing.first else { return }
    let frames = segments.ranges[first]
    throw LiaeError(
      .fileNotFound,
      "\(folder.path): \(missing.count) of \(segments.ranges.count) segments are not there, the first being that of frames "
        + "\(frames.lowerBound + 1) to \(frames.upperBound); run the shards again, or the command without --join")
  }

  private func join(_ observer: SequenceObserver) throws(LiaeError) {
    let finished = try folder.finished()
    // Where fewer frames could be decoded than were counted, segments are missing at the end.
    let there = segments.ranges.indices.prefix { finished[$0] != nil }
    guard let last = there.last else { throw LiaeError(.unknownFormat, "\(info.path): ffmpeg finds no frame in it") }
    report.failures = there.reduce(0) { $0 + (finished[$1]?.failures ?? 0) }
    let end = finished[last]?.end ?? segments.ranges[last].upperBound
    func join(_ name: (Int) -> String?, to path: String, source: VideoInfo?) throws(LiaeError) {
      try VideoJoin(
        segments: there.compactMap { index in name(index).map { ($0, segments.ranges[index].lowerBound) } },
        folder: folder.path, end: end, times: resultTimes, source: source, audioEncoder: output.encoding.audioEncoder,
        provenance: output.provenance
      ).write(to: path)
    }
    try join(folder.name, to: output.path, source: info)
    if let maskPath = output.maskPath { try join(folder.maskName, to: maskPath, source: nil) }
    let changes = resultTimes.changes(in: end)
    if changes != (0, 0) {
      observer.notice(
        .retimed(
          path: output.path, repeated: changes.repeated, dropped: changes.dropped, rate: resultTimes.rate.value))
    }
  }

  /// All that the segments depend on.
  private static func content(
    _ info: VideoInfo, _ times: FrameTimes, _ timeline: FaceTimeline, _ pool: FrameWorkerPool, _ output: Output
  ) throws(LiaeError) -> JSON {
    let encoding = output.encoding
    return .object([
      ("program", .string("liae-infer \(Version.string)")),
      ("source", .string(try File(reading: info.path).sampledDigest())),
      ("frames", .integer(times.count)),
      ("model", .string(pool.modelIdentity)), ("xseg", pool.xsegIdentity.map(JSON.string) ?? .null),
      ("faces", .string(timeline.digest)),
      (
        "encoding",
        .object([
          ("container", .string(try VideoContainer.output(output.path))), ("encoder", .string(encoding.encoder)),
          ("crf", encoding.crf.map(JSON.integer) ?? .null),
          ("pixel-format", encoding.pixelFormat.map(JSON.string) ?? .null),
          ("constant-rate", .boolean(encoding.isConstantRate)), ("deinterlace", .boolean(output.deinterlaces)),
          ("alpha", .boolean(output.isFaceAlone)), ("segment", .integer(output.segmentLength)),
        ])
      ),
      (
        "mask",
        try output.maskPath.map { (path) throws(LiaeError) in .string(try VideoContainer.output(path)) } ?? .null
      ),
      ("settings", pool.settings.json),
    ])
  }
}
