// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeFrame
import LiaeImageIO
import LiaeRuntime
import LiaeSequence
import LiaeSynth
import LiaeSystem
import LiaeTensor

/// Measures a model's answers to rendered faces, whose true swap is known.
package final class SwapEvaluation {
  private let context: Context
  /// One for each thread.
  private let workers: [SwapCases]
  private let names: (source: String, destination: String)

  /// The number of the source's faces that its mean is made of.
  private static let meanCount = 150

  /// - Parameters:
  ///   - source: whose face is set in.
  ///   - destination: whose frames they are.
  ///   - workers: threads that render.
  /// - Throws: `unsupported` for a model of another face type than aligned faces have, or one that cannot reconstruct the
  ///   destination; `outOfMemory`, `threadFailure`.
  package init(
    _ plan: Plan, source: Identity, destination: Identity, seed: UInt64, workers: Int
  ) throws(LiaeError) {
    let name = plan.info.faceType ?? FaceType.whole.rawValue
    guard let type = FaceType(rawValue: name) else {
      throw LiaeError(.unsupported, "the model's face type is \(name), which no aligned face has")
    }
    guard !plan.info.lacksDestinationPicture else {
      throw LiaeError(
        .unsupported, "the model cannot reconstruct the destination; only one that can is evaluated")
    }
    context = try Context(plan: plan)
    let heads = (source: try Head(source), destination: try Head(destination))
    let resolution = plan.architecture.resolution
    self.workers = try (0..<max(1, workers)).map { (_) throws(LiaeError) in
      try SwapCases(
        source: heads.source, destination: heads.destination, type: type, resolution: resolution, seed: seed)
    }
    names = (source.name, destination.name)
  }

  /// Renders `count` frames, swaps and measures them.
  ///
  /// - Parameters:
  ///   - sheetRows: frames that the report's sheet shows.
  /// - Throws: what rendering and running the network throw; `cancelled`.
  package func run(
    count: Int, sheetRows: Int, observer: SequenceObserver = SequenceObserver()
  ) throws(LiaeError) -> EvaluationReport {
    let side = context.plan.architecture.rgbSide
    let mean = try atOutput(meanFace(observer))
    var report = EvaluationReport(
      names: names, resolution: context.plan.architecture.resolution, sheetSide: max(side, 128))
    try inOrder(count, observer) { (cases, index) throws(LiaeError) in
      try cases.make(index)
    } each: { (index, item) throws(LiaeError) in
      let row = try self.measure(item, mean: mean, observer, &report)
      if index < sheetRows {
        try report.sheet.add(
          row.map { (colors) throws(LiaeError) in try Picture(clamped: colors) },
          captions: index == 0 ? ["destination", "swap", "true swap", "dst->dst", "src->src"] : [])
      }
      observer.progress(SequenceProgress(finished: index + 1, total: count))
    }
    return report
  }

  /// The mean of the source's faces: the best answer that does not look at the destination.
  private func meanFace(_ observer: SequenceObserver) throws(LiaeError) -> ColorCanvas {
    let side = context.plan.architecture.resolution
    let mean = try ColorCanvas(width: side, height: side)
    try inOrder(Self.meanCount, observer) { (cases, index) throws(LiaeError) in
      try cases.trainingFace(index)
    } each: { (_, face) throws(LiaeError) in
      for i in 0..<mean.count { mean.pixels[i] += face.pixels[i] / Float(Self.meanCount) }
      withExtendedLifetime(face) {}
    }
    return mean
  }

  /// Renders on all threads, and hands the results on one after the other.
  private func inOrder<Item>(
    _ count: Int, _ observer: SequenceObserver, _ make: @escaping (SwapCases, Int) throws(LiaeError) -> Item,
    each: @escaping (Int, Item) throws(LiaeError) -> Void
  ) throws(LiaeError) {
    let pipeline = FramePipeline<Int, Item>(
      take: observer.counter(to: count),
      work: { [workers] (worker, index) throws(LiaeError) in try make(workers[worker], index) }, finish: each)
    try pipeline.run(workers: min(workers.count, count))
  }

  /// Destination, swap, true swap and both reconstructions, measured.
  private func measure(
    _ item: SwapCase, mean: ColorCanvas, _ observer: SequenceObserver, _ report: inout EvaluationReport
  ) throws(LiaeError) -> [ColorCanvas] {
    let swap = try answer(.swap, item.destination.colors, observer)
    let destination = try answer(.reconstructDestination, item.destination.colors, observer)
    let source = try answer(.reconstructSource, item.source.colors, observer)
    let (unchanged, truth) = (try atOutput(item.destination.colors), try atOutput(item.truth.colors))
    let sourceFace = try atOutput(item.source.colors)
    let own = (destination: try atOutput(item.destination.mask), source: try atOutput(item.source.mask))
    let both = try ImageQuality.intersection(own.destination, atOutput(item.truth.mask))
    report.add(.swap, try ImageQuality(swap, truth: truth, within: both))
    let matched = try ImageQuality.colorsMatched(swap, to: truth, within: both)
    report.add(.matched, try ImageQuality(matched, truth: truth, within: both))
    report.add(.unchanged, try ImageQuality(unchanged, truth: truth, within: both))
    report.add(.mean, try ImageQuality(mean, truth: truth, within: both))
    report.add(.aligned, try ImageQuality(sourceFace, truth: truth, within: both))
    report.add(.destination, try ImageQuality(destination, truth: unchanged, within: own.destination))
    report.add(.source, try ImageQuality(source, truth: sourceFace, within: own.source))
    return [unchanged, swap, truth, destination, source]
  }

  private func answer(
    _ mode: RunMode, _ face: ColorCanvas, _ observer: SequenceObserver
  ) throws(LiaeError) -> ColorCanvas {
    try observer.checkCancelled()
    let side = context.plan.architecture.rgbSide
    let format: PixelFormat = context.plan.info.colorOrder == .bgr ? .bgrFloat : .rgbFloat
    let input = try Picture(width: face.width, height: face.height, format: format)
    let output = try Picture(width: side, height: side, format: format)
    defer { withExtendedLifetime((face, input, output)) {} }
    face.write(toWhole: input.mutableView)
    try context.run(mode, input.view, rgb: output.mutableView, mask: nil, destinationMask: nil)
    let answer = try ColorCanvas(reading: output.view)
    answer.clamp()
    return answer
  }

  /// Resizes to the side of the network's output, which networks with `d` make larger than their input.
  private func atOutput(_ colors: ColorCanvas) throws(LiaeError) -> ColorCanvas {
    let side = context.plan.architecture.rgbSide
    return try colors.resized(width: side, height: side, interpolation: .cubic)
  }

  private func atOutput(_ mask: MaskCanvas) throws(LiaeError) -> MaskCanvas {
    let side = context.plan.architecture.rgbSide
    return try mask.resized(width: side, height: side, interpolation: .linear)
  }
}

extension Picture {
  /// A canvas as a picture, its values within 0...1.
  fileprivate init(clamped colors: ColorCanvas) throws(LiaeError) {
    try self.init(width: colors.width, height: colors.height, format: .rgb8)
    colors.write(toWhole: mutableView)
    withExtendedLifetime((self, colors)) {}
  }
}
