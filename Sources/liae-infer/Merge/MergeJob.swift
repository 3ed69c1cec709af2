// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFrame
import LiaeImageIO
import LiaeSwap
import LiaeSystem
import LiaeTensor

/// A folder of frames through one model. A frame that fails is reported, and the others go on.
final class MergeJob {
  private let frames: FrameFolder
  private let timeline: FaceTimeline
  private let crew: SwapCrew
  private let output: MergeOutput
  private let export: FaceExport?
  /// Masks by stem, for the mask mode `given`.
  private let masks: String?

  private var pending: [Int] = []
  private var failures: Int
  private var counts = (swapped: 0, copied: 0)
  private var steadiness = Steadiness()
  private var bar = ProgressBar(total: 0, unit: "frames", showsRate: true)

  /// - Parameter failures: of inputs that were left out before.
  init(
    frames: FrameFolder, timeline: FaceTimeline, crew: SwapCrew, output: MergeOutput, export: FaceExport?,
    masks: String?, failures: Int
  ) {
    (self.frames, self.timeline, self.crew, self.output) = (frames, timeline, crew, output)
    (self.export, self.masks, self.failures) = (export, masks, failures)
  }

  private enum Outcome {
    case swapped(original: Picture, SwappedFrame)
    case copied
    case failed(String)
  }

  /// - Parameters:
  ///   - goesOn: whether frames that are there already are done.
  ///   - announces: whether standard output gets a summary.
  /// - Throws: `Failure` with `someFailed` at the end where a frame or an input failed; `interrupted`.
  func run(goesOn: Bool, announces: Bool = true) throws {
    Interruption.watch()
    pending = frames.frames.indices.filter { !goesOn || !output.isDone(frames.frames[$0].stem) }
    let done = frames.frames.count - pending.count
    if done > 0 { Console.complain("\(output.folder): goes on behind \(done) of \(frames.frames.count) frames") }
    bar = ProgressBar(total: pending.count, unit: "frames", showsRate: true)
    defer { bar.end() }
    var taken = 0
    var finished = 0
    let pipeline = FramePipeline<Int, Outcome>(
      take: { [pending] in
        try Interruption.check()
        defer { taken += 1 }
        return taken < pending.count ? pending[taken] : nil
      },
      work: { [self] worker, place in process(place, worker) },
      finish: { [self] place, outcome in
        finish(place, outcome)
        finished += 1
        bar.advance(to: finished)
      })
    try pipeline.run(workers: min(crew.workers, max(1, pending.count)))
    bar.end()
    if announces { Console.say(summary) }
    if failures > 0 {
      throw Failure(.someFailed, "\(failures) \(failures == 1 ? "input" : "inputs") failed")
    }
  }

  private var summary: String {
    let frames = "frames   \(counts.swapped) swapped, \(counts.copied) without faces copied"
    return counts.swapped > 0 ? steadiness.report(frames, timeline, crew.settings) : frames
  }

  private func finish(_ place: Int, _ outcome: Outcome) {
    switch outcome {
    case .swapped(let original, let result):
      counts.swapped += 1
      // A face alone is not in the place that it has in its frame.
      if crew.settings.options.blend != .rawPredict { steadiness.add(place, original: original, result) }
    case .copied: counts.copied += 1
    case .failed(let message):
      Console.complain(message)
      failures += 1
    }
  }

  private func process(_ place: Int, _ worker: Int) -> Outcome {
    let frame = frames.frames[place]
    do throws(LiaeError) {
      let picture = try Picture.read(path: frame.path)
      let found = timeline.faces[place] ?? []
      if crew.settings.options.blend == .rawPredict { return try predict(frame, picture, found, worker) }
      guard !found.isEmpty else {
        try output.copy(picture, from: frame.path, frame.stem)
        return .copied
      }
      let result = try crew.swap(picture, found, number: place, worker: worker, mask: mask(frame.stem))
      for (index, face) in result.faces.enumerated() {
        try export?.write(face, frame: frame.path, stem: frame.stem, index: index)
      }
      try output.write(result, frame.stem, isComposite: crew.settings.options.blend != .original)
      return .swapped(original: picture, result)
    } catch {
      return .failed(error.naming(frame.path).message)
    }
  }

  /// The faces themselves in place of frames: the first under the frame's name, black where there is none.
  private func predict(_ frame: FrameFolder.Frame, _ picture: Picture, _ found: [FoundFace], _ worker: Int)
    throws(LiaeError) -> Outcome
  {
    let side = crew.side
    let given = try mask(frame.stem)
    var results: [SwappedFrame] = []
    for face in found {
      let result = try crew.predict(picture, face, worker: worker, mask: given)
      try export?.write(result.face, frame: frame.path, stem: frame.stem, index: results.count)
      results.append(SwappedFrame(picture: result.picture, mask: result.mask, faces: []))
    }
    for (index, result) in results.enumerated().dropFirst() {
      try output.write(result, "\(frame.stem)_\(index)", isComposite: true)
    }
    let black = try SwappedFrame(
      picture: Picture(width: side, height: side, format: .rgb8),
      mask: Picture(width: side, height: side, format: .gray8), faces: [])
    try output.write(results.first ?? black, frame.stem, isComposite: !results.isEmpty)
    if results.isEmpty { return .copied }
    return .swapped(original: picture, results[0])
  }

  private func mask(_ stem: String) throws(LiaeError) -> MaskCanvas? {
    guard let masks, crew.settings.options.maskMode == .given else { return nil }
    for ending in FrameFolder.endings {
      let path = "\(masks)/\(stem)\(ending)"
      guard File.kind(path) == .file else { continue }
      return try MaskCanvas(Picture.read(path: path))
    }
    throw LiaeError(.fileNotFound, "\(masks)/\(stem).png: no such file; --mask-mode given takes a mask for each frame")
  }
}
