// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFrame
import LiaeImageIO
import LiaeRuntime
import LiaeSynth
import LiaeSystem
import LiaeTensor

/// A model's answers to rendered faces, measured.
final class Evaluation {
  private let context: Context
  private let cases: SwapCases
  private let names: (source: String, destination: String)

  /// The source's faces that its mean is made of.
  private static let meanCount = 200

  init(_ plan: Plan, source: Identity, destination: Identity, seed: UInt64) throws {
    let name = plan.info.faceType ?? FaceType.whole.rawValue
    guard let type = FaceType(rawValue: name) else {
      throw Failure(.model, "the model's face type is \(name), which no aligned face has")
    }
    guard !plan.info.lacksDestinationPicture else {
      throw Failure(.model, "the model cannot reconstruct the destination; only one that can is evaluated")
    }
    context = try Context(plan: plan)
    cases = try SwapCases(
      source: Head(source), destination: Head(destination), type: type, resolution: plan.architecture.resolution,
      seed: seed)
    names = (source.name, destination.name)
  }

  func run(count: Int, sheetRows: Int) throws -> EvaluationReport {
    Interruption.watch()
    let (resolution, side) = (context.plan.architecture.resolution, context.plan.architecture.rgbSide)
    let mean = try atOutput(cases.meanFace(of: Self.meanCount))
    var report = EvaluationReport(names: names, resolution: resolution, sheetSide: max(side, 128))
    var bar = ProgressBar(total: count, unit: "frames", showsRate: true)
    defer { bar.end() }
    for index in 0..<count {
      try Interruption.check()
      let item = try cases.make(index)
      let swap = try answer(.swap, item.destination.colors)
      let destination = try answer(.reconstructDestination, item.destination.colors)
      let source = try answer(.reconstructSource, item.source.colors)
      let truth = try atOutput(item.truth.colors)
      let own = (
        destination: try atOutput(item.destination.mask), truth: try atOutput(item.truth.mask),
        source: try atOutput(item.source.mask)
      )
      let both = try ImageQuality.intersection(own.destination, own.truth)
      let unchanged = try atOutput(item.destination.colors)
      report.add(.swap, try ImageQuality(swap, truth: truth, within: both))
      report.add(.unchanged, try ImageQuality(unchanged, truth: truth, within: both))
      report.add(.mean, try ImageQuality(mean, truth: truth, within: both))
      report.add(.destination, try ImageQuality(destination, truth: unchanged, within: own.destination))
      report.add(.source, try ImageQuality(source, truth: atOutput(item.source.colors), within: own.source))
      if index < sheetRows {
        try report.sheet.add([unchanged, swap, truth, destination, source].map { try Picture(clamped: $0) })
      }
      bar.advance(to: index + 1)
    }
    return report
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
