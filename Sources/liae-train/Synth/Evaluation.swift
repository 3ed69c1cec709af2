// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFrame
import LiaeImageIO
import LiaeRuntime
import LiaeSequence
import LiaeSynth
import LiaeSystem
import LiaeTensor

/// A model's answers to rendered faces, measured.
final class Evaluation {
  private let context: Context
  /// One for each thread.
  private let crew: [SwapCases]
  private let names: (source: String, destination: String)

  /// The source's faces that its mean is made of.
  private static let meanCount = 150

  init(_ plan: Plan, source: Identity, destination: Identity, seed: UInt64) throws {
    let name = plan.info.faceType ?? FaceType.whole.rawValue
    guard let type = FaceType(rawValue: name) else {
      throw Failure(.model, "the model's face type is \(name), which no aligned face has")
    }
    guard !plan.info.lacksDestinationPicture else {
      throw Failure(.model, "the model cannot reconstruct the destination; only one that can is evaluated")
    }
    context = try Context(plan: plan)
    let heads = (source: try Head(source), destination: try Head(destination))
    crew = try (0..<processorCount()).map { _ in
      try SwapCases(
        source: heads.source, destination: heads.destination, type: type, resolution: plan.architecture.resolution,
        seed: seed)
    }
    names = (source.name, destination.name)
  }

  func run(count: Int, sheetRows: Int) throws -> EvaluationReport {
    Interruption.watch()
    let side = context.plan.architecture.rgbSide
    let mean = try atOutput(meanFace())
    var report = EvaluationReport(
      names: names, resolution: context.plan.architecture.resolution, sheetSide: max(side, 128))
    var bar = ProgressBar(total: count, unit: "frames", showsRate: true)
    defer { bar.end() }
    try inOrder(count) { (cases, index) throws(LiaeError) in
      try cases.make(index)
    } each: { (index, item) throws(LiaeError) in
      let row = try self.measure(item, mean: mean, &report)
      if index < sheetRows {
        try report.sheet.add(row.map { (colors) throws(LiaeError) in try Picture(clamped: colors) })
      }
      bar.advance(to: index + 1)
    }
    return report
  }

  /// The best that an answer can be which does not look at the destination.
  private func meanFace() throws -> ColorCanvas {
    let side = context.plan.architecture.resolution
    let mean = try ColorCanvas(width: side, height: side)
    try inOrder(Self.meanCount) { (cases, index) throws(LiaeError) in
      try cases.trainingFace(index)
    } each: { (_, face) throws(LiaeError) in
      for i in 0..<mean.count { mean.pixels[i] += face.pixels[i] / Float(Self.meanCount) }
      withExtendedLifetime(face) {}
    }
    return mean
  }

  /// Renders on all threads, and hands the results on one after the other.
  private func inOrder<Item>(
    _ count: Int, _ make: @escaping (SwapCases, Int) throws(LiaeError) -> Item,
    each: @escaping (Int, Item) throws(LiaeError) -> Void
  ) throws(LiaeError) {
    var taken = 0
    let pipeline = FramePipeline<Int, Result<Item, LiaeError>>(
      take: { () throws(LiaeError) in
        try Interruption.check()
        defer { taken += 1 }
        return taken < count ? taken : nil
      },
      work: { [crew] worker, index in Result { () throws(LiaeError) in try make(crew[worker], index) } },
      finish: { (index, result) throws(LiaeError) in try each(index, result.get()) })
    try pipeline.run(workers: min(crew.count, count))
  }

  /// Destination, swap, true swap and both reconstructions, measured.
  private func measure(
    _ item: SwapCase, mean: ColorCanvas, _ report: inout EvaluationReport
  ) throws(LiaeError) -> [ColorCanvas] {
    let swap = try answer(.swap, item.destination.colors)
    let destination = try answer(.reconstructDestination, item.destination.colors)
    let source = try answer(.reconstructSource, item.source.colors)
    let (unchanged, truth) = (try atOutput(item.destination.colors), try atOutput(item.truth.colors))
    let own = (destination: try atOutput(item.destination.mask), source: try atOutput(item.source.mask))
    let both = try ImageQuality.intersection(own.destination, atOutput(item.truth.mask))
    report.add(.swap, try ImageQuality(swap, truth: truth, within: both))
    report.add(.unchanged, try ImageQuality(unchanged, truth: truth, within: both))
    report.add(.mean, try ImageQuality(mean, truth: truth, within: both))
    report.add(.destination, try ImageQuality(destination, truth: unchanged, within: own.destination))
    report.add(.source, try ImageQuality(source, truth: atOutput(item.source.colors), within: own.source))
    return [unchanged, swap, truth, destination, source]
  }

  private func answer(_ mode: RunMode, _ face: ColorCanvas) throws(LiaeError) -> ColorCanvas {
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

  /// Networks with -d answer larger than they are asked; the truth is rendered no finer than it is shown.
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
