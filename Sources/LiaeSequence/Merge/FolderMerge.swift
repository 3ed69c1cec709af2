// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSwap
import LiaeSystem
import LiaeTensor

/// The frames of a folder through one model, each written under its own name.
package final class FolderMerge {
  private let frames: FrameFolder
  private let selection: FrameSelection
  private let timeline: FaceTimeline
  private let pool: FrameWorkerPool
  private let output: MergeOutput
  private let export: FaceExport?
  private let masks: String?

  private var report = MergeReport()
  private var flicker = FlickerMeasurement()
  /// Remarks that were made of one frame and are true of others.
  private var said: Set<String> = []

  /// - Parameters:
  ///   - selection: the frames that are written; nil: all.
  ///   - export: where the faces are written one by one; nil: nowhere.
  ///   - masks: folder of masks by the frames' stems, for the mask mode `given`.
  package init(
    frames: FrameFolder, selection: FrameSelection? = nil, timeline: FaceTimeline, pool: FrameWorkerPool,
    output: MergeOutput, export: FaceExport? = nil, masks: String? = nil
  ) {
    self.selection = selection ?? FrameSelection(frames)
    (self.frames, self.timeline, self.pool, self.output) = (frames, timeline, pool, output)
    (self.export, self.masks) = (export, masks)
  }

  /// The result of a frame, and the remarks on its file.
  private struct Outcome {
    var result: Result
    var orientation = 1
    var lost: [String] = []
  }

  private enum Result {
    case swapped(original: Picture, SwappedFrame)
    case unchanged
    /// A frame that was there already.
    case repeated
    case failed(LiaeError)
  }

  /// Swaps and writes the frames. One that fails is left out, with a notice, and the others go on.
  ///
  /// - Parameter resumes: whether frames that are there already are done.
  /// - Throws: `cancelled`, `threadFailure`. Frames that are written stay.
  package func run(resumes: Bool, observer: SequenceObserver) throws(LiaeError) -> MergeReport {
    (report, flicker, said) = (MergeReport(), FlickerMeasurement(), [])
    let work = work(resumes: resumes)
    let (total, pending) = (selection.places.count, work.count { $0.isWritten })
    if pending < total {
      observer.notice(.resumed(folder: output.folder, finished: total - pending, total: total))
    }
    observer.progress(SequenceProgress(finished: 0, total: work.count))
    var (taken, finished) = (0, 0)
    let pipeline = FramePipeline<Work, Outcome>(
      take: { () throws(LiaeError) in
        try observer.checkCancelled()
        defer { taken += 1 }
        return taken < work.count ? work[taken] : nil
      },
      work: { [self] (worker, item) throws(LiaeError) in try process(item, worker) },
      finish: { [self] (item, outcome) throws(LiaeError) in
        note(item.place, outcome, observer)
        finished += 1
        observer.progress(SequenceProgress(finished: finished, total: work.count))
      })
    try output.batch.finishing { () throws(LiaeError) in
      try pipeline.run(workers: min(pool.workers, max(1, work.count)))
    }
    if report.swapped > 0 { report.flicker = FlickerReport(timeline, flicker) }
    return report
  }

  /// A frame to be computed.
  private struct Work {
    var place: Int
    /// False for a frame that is there already: averages over frames need what it leaves behind.
    var isWritten: Bool
  }

  /// The selected frames that are not there yet; where frames need those before them, also the ones with faces right before.
  private func work(resumes: Bool) -> [Work] {
    var result: [Work] = []
    var isNeeded = false
    let selected = Set(selection.places)
    for place in frames.frames.indices.reversed() {
      let hasFaces = !(timeline.faces[place] ?? []).isEmpty
      if selected.contains(place), !resumes || !output.isDone(frames.frames[place].stem) {
        result.append(Work(place: place, isWritten: true))
        isNeeded = hasFaces && pool.settings.isSequential
      } else {
        isNeeded = isNeeded && hasFaces
        if isNeeded { result.append(Work(place: place, isWritten: false)) }
      }
    }
    return result.reversed()
  }

  private func note(_ place: Int, _ outcome: Outcome, _ observer: SequenceObserver) {
    sayOnce(frames.frames[place].path, outcome, observer)
    switch outcome.result {
    case .swapped(let original, let result):
      report.swapped += 1
      // A face alone is not in the place that it has in its frame.
      if pool.settings.options.blend != .rawPredict { flicker.add(place, original: original, result) }
    case .unchanged: report.unchanged += 1
    case .repeated: break
    case .failed(let error):
      report.failures += 1
      observer.notice(.failed(error))
    }
  }

  /// Says what is true of many frames for the first of them.
  private func sayOnce(_ path: String, _ outcome: Outcome, _ observer: SequenceObserver) {
    if outcome.orientation != 1, said.insert("orientation").inserted {
      observer.notice(.turned(first: path, orientation: outcome.orientation))
    }
    let lost = outcome.lost.filter { said.insert($0).inserted }
    if !lost.isEmpty { observer.notice(.lost(first: path, properties: lost)) }
  }

  /// - Throws: `cancelled`; what else fails is a part of the outcome.
  private func process(_ work: Work, _ worker: Int) throws(LiaeError) -> Outcome {
    // Memory that ran out for another frame may be there for this one.
    MemoryShortage.clear()
    let frame = frames.frames[work.place]
    var outcome = Outcome(result: .unchanged)
    do throws(LiaeError) {
      let file = try output.read(frame)
      let picture = file.picture
      let detected = timeline.faces[work.place] ?? []
      outcome.orientation = file.orientation
      if pool.settings.options.blend == .rawPredict {
        let faces = try pool.predict(
          picture, detected, number: work.place, worker: worker, mask: mask(frame.stem))
        guard work.isWritten else { return Outcome(result: .repeated) }
        try write(faces, frame)
        outcome.result = faces.first.map { .swapped(original: picture, $0) } ?? .unchanged
        return outcome
      }
      outcome.lost = output.lost(of: file, isCopied: detected.isEmpty)
      guard !detected.isEmpty else {
        try output.copy(file, from: frame.path, frame.stem)
        return outcome
      }
      let result = try pool.swap(
        picture, detected, number: work.place, worker: worker, mask: mask(frame.stem), isFloat: output.needsFloat)
      guard work.isWritten else { return Outcome(result: .repeated) }
      try write(result.faces, frame)
      var written = result
      if output.isCutOut {
        written.picture = try result.faceAlone(over: picture)
        if output.bits != 16, !picture.format.isFloat {
          written = SwappedFrame(
            picture: try written.picture.converted(to: .rgba8), mask: try written.mask.converted(to: .gray8), faces: [])
        }
      }
      try output.write(
        written, frame.stem, isComposite: pool.settings.options.blend != .original, properties: file.properties)
      outcome.result = .swapped(original: picture, result)
    } catch {
      if error.status == .cancelled { throw error }
      outcome.result = .failed(error.naming(frame.path))
    }
    return outcome
  }

  /// Writes the faces of a frame one by one, where that is wanted.
  private func write(_ faces: [SwappedFace], _ frame: FrameFolder.Frame) throws(LiaeError) {
    for (index, face) in faces.enumerated() {
      try export?.write(face, frame: frame.path, stem: frame.stem, index: index, in: output.batch)
    }
  }

  /// Writes the faces themselves in place of a frame: the first under the frame's name, black where there is none.
  private func write(_ results: [SwappedFrame], _ frame: FrameFolder.Frame) throws(LiaeError) {
    try write(results.flatMap(\.faces), frame)
    for (index, result) in results.enumerated().dropFirst() {
      try output.write(result, "\(frame.stem)_\(index)", isComposite: true)
    }
    if let first = results.first { return try output.write(first, frame.stem, isComposite: true) }
    let black = try SwappedFrame(
      picture: Picture(width: pool.side, height: pool.side, format: .rgb8),
      mask: Picture(width: pool.side, height: pool.side, format: .gray8), faces: [])
    try output.write(black, frame.stem, isComposite: false)
  }

  private func mask(_ stem: String) throws(LiaeError) -> MaskCanvas? {
    guard let masks, pool.settings.options.maskMode == .given else { return nil }
    for ending in PictureNames.endings {
      let path = "\(masks)/\(stem).\(ending)"
      guard File.kind(path) == .file else { continue }
      return try MaskCanvas(Picture.read(path: path))
    }
    throw LiaeError(.fileNotFound, "\(masks)/\(stem).png: no such file; --mask-mode given takes a mask for each frame")
  }
}
