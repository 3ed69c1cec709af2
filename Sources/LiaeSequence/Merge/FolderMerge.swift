// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// The frames of a folder through one model, each written under its own name.
package final class FolderMerge {
  private let frames: FrameFolder
  private let timeline: FaceTimeline
  private let pool: FrameWorkerPool
  private let output: MergeOutput
  private let export: FaceExport?
  private let masks: String?

  private var report = MergeReport()
  private var flicker = FlickerMeasurement()

  /// - Parameters:
  ///   - export: where the faces are written one by one; nil: nowhere.
  ///   - masks: folder of masks by the frames' stems, for the mask mode `given`.
  package init(
    frames: FrameFolder, timeline: FaceTimeline, pool: FrameWorkerPool, output: MergeOutput, export: FaceExport? = nil,
    masks: String? = nil
  ) {
    (self.frames, self.timeline, self.pool, self.output) = (frames, timeline, pool, output)
    (self.export, self.masks) = (export, masks)
  }

  private enum Outcome {
    case swapped(original: Picture, SwappedFrame)
    case unchanged
    case failed(LiaeError)
  }

  /// Swaps and writes the frames. One that fails is left out, with a notice, and the others go on.
  ///
  /// - Parameter resumes: whether frames that are there already are done.
  /// - Throws: `cancelled`, `threadFailure`. Frames that are written stay.
  package func run(resumes: Bool, observer: SequenceObserver) throws(LiaeError) -> MergeReport {
    (report, flicker) = (MergeReport(), FlickerMeasurement())
    let pending = frames.frames.indices.filter { !resumes || !output.isDone(frames.frames[$0].stem) }
    let (total, done) = (frames.frames.count, frames.frames.count - pending.count)
    if done > 0 { observer.notice(.resumed(folder: output.folder, finished: done, total: total)) }
    observer.progress(SequenceProgress(finished: 0, total: pending.count))
    var (taken, finished) = (0, 0)
    let pipeline = FramePipeline<Int, Outcome>(
      take: { () throws(LiaeError) in
        try observer.checkCancelled()
        defer { taken += 1 }
        return taken < pending.count ? pending[taken] : nil
      },
      work: { [self] (worker, place) throws(LiaeError) in process(place, worker) },
      finish: { [self] (place, outcome) throws(LiaeError) in
        note(place, outcome, observer)
        finished += 1
        observer.progress(SequenceProgress(finished: finished, total: pending.count))
      })
    try pipeline.run(workers: min(pool.workers, max(1, pending.count)))
    if report.swapped > 0 { report.flicker = FlickerReport(timeline, flicker) }
    return report
  }

  private func note(_ place: Int, _ outcome: Outcome, _ observer: SequenceObserver) {
    switch outcome {
    case .swapped(let original, let result):
      report.swapped += 1
      // A face alone is not in the place that it has in its frame.
      if pool.settings.options.blend != .rawPredict { flicker.add(place, original: original, result) }
    case .unchanged: report.unchanged += 1
    case .failed(let error):
      report.failures += 1
      observer.notice(.failed(error))
    }
  }

  private func process(_ place: Int, _ worker: Int) -> Outcome {
    let frame = frames.frames[place]
    do throws(LiaeError) {
      let picture = try Picture.read(path: frame.path)
      let detected = timeline.faces[place] ?? []
      if pool.settings.options.blend == .rawPredict { return try predict(frame, picture, detected, worker) }
      guard !detected.isEmpty else {
        try output.copy(picture, from: frame.path, frame.stem)
        return .unchanged
      }
      let result = try pool.swap(picture, detected, number: place, worker: worker, mask: mask(frame.stem))
      for (index, face) in result.faces.enumerated() {
        try export?.write(face, frame: frame.path, stem: frame.stem, index: index)
      }
      try output.write(result, frame.stem, isComposite: pool.settings.options.blend != .original)
      return .swapped(original: picture, result)
    } catch {
      return .failed(error.naming(frame.path))
    }
  }

  /// Writes the faces themselves in place of frames: the first under the frame's name, black where there is none.
  private func predict(_ frame: FrameFolder.Frame, _ picture: Picture, _ detected: [DetectedFace], _ worker: Int)
    throws(LiaeError) -> Outcome
  {
    let given = try mask(frame.stem)
    var results: [SwappedFrame] = []
    for face in detected {
      let result = try pool.predict(picture, face, worker: worker, mask: given)
      for face in result.faces {
        try export?.write(face, frame: frame.path, stem: frame.stem, index: results.count)
      }
      results.append(result)
    }
    for (index, result) in results.enumerated().dropFirst() {
      try output.write(result, "\(frame.stem)_\(index)", isComposite: true)
    }
    if let first = results.first {
      try output.write(first, frame.stem, isComposite: true)
      return .swapped(original: picture, first)
    }
    let black = try SwappedFrame(
      picture: Picture(width: pool.side, height: pool.side, format: .rgb8),
      mask: Picture(width: pool.side, height: pool.side, format: .gray8), faces: [])
    try output.write(black, frame.stem, isComposite: false)
    return .unchanged
  }

  private func mask(_ stem: String) throws(LiaeError) -> MaskCanvas? {
    guard let masks, pool.settings.options.maskMode == .given else { return nil }
    for ending in FrameFolder.endings {
      let path = "\(masks)/\(stem)\(ending)"
      guard File.kind(path) == .file else { continue }
      return try MaskCanvas(Picture.read(path: path))
    }
    throw LiaeError(.fileNotFound, "\(masks)/\(stem).png: no such file; --mask-mode given takes a mask for each frame")
  }
}
