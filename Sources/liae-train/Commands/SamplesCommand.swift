// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeFrame
import LiaeImageIO
import LiaeSamples
import LiaeSystem
import LiaeText
import LiaeTrainingSession

struct SamplesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "samples",
    abstract: "Times the samples of a faceset, and shows some.",
    discussion: """
      Names the faces that cannot be used, then makes batches as a training does. Prints samples a second, and the \
      processor time of one: a training of n milliseconds an iteration has n times the threads to spend on two batches.
      """)

  @Option(help: .init("Aligned faces: a folder or a faceset.pak.", valueName: "path"))
  var src: String

  @Option(help: .init("Faces whose colours --ct-mode takes.", valueName: "path"))
  var dst: String?

  @Flag(help: "Samples of training XSeg: what is seen and its label.")
  var xseg = false

  @Option(
    help: .init("With --xseg: share of the samples that are changed, as of liae-train xseg.", valueName: "x"))
  var augmentation: Float = 1

  @Option(help: .init("Side of the samples: a multiple of 16, with --xseg of 64.", valueName: "pixels"))
  var resolution = 128

  @Option(help: .init("Face type of the files: full_face, whole_face, head ...", valueName: "name"))
  var faceType = "whole_face"

  @Option(help: .init("Faces of a batch.", valueName: "n"))
  var batchSize = 4

  @Option(help: .init("Threads.", valueName: "n"))
  var workers = 1

  @Option(help: .init("Batches that are timed.", valueName: "n"))
  var batches = 100

  @Option(help: .init("Megabytes for faces that are kept ready.", valueName: "n"))
  var memory = 1000

  @Flag(inversion: .prefixedNo, help: "Bend the faces.")
  var randomWarp = true

  @Flag(inversion: .prefixedNo, help: "Mirror faces at random.")
  var randomFlip = false

  @Flag(help: "Draw side views as often as front views.")
  var uniformYaw = false

  @Option(help: .init("Random hue, saturation and value, 0 to 0.3.", valueName: "x"))
  var randomHsvPower: Float = 0

  @Option(help: .init("none, rct, lct, mkl, idt or sot.", valueName: "name"))
  var ctMode = "none"

  @Option(help: .init("Of all that is random.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(
    help: .init("PNG of the first samples, a row each: seen, wanted, mask, eyes and mouth.", valueName: "file"))
  var sheet: String?

  @Option(
    help: .init(
      "Write the batches that are timed: float32, of each batch what is seen, wanted, mask, eyes and mouth.",
      valueName: "file"))
  var raw: String?

  func validate() throws {
    guard (1...1_000_000).contains(batches) else {
      throw ValidationError("--batches is \(batches); expected 1 or more")
    }
    guard (1...64).contains(workers) else { throw ValidationError("--workers is \(workers); expected 1 to 64") }
    guard (0...1).contains(augmentation) else {
      throw ValidationError("--augmentation is \(augmentation); expected 0 to 1")
    }
    guard (0...1_000_000).contains(memory) else { throw ValidationError("--memory is \(memory); expected 0 or more") }
  }

  func run() throws {
    let source = try FacesetSource(path: src)
    defer { for face in source.skipped { Console.complain("\(face.name): \(face.reason)") } }
    let benchmark = try xseg ? segmentationSamples(source) : swapSamples(source)
    Console.say(
      listing([
        ("faces", "\(source.faces.count), and \(source.skipped.count) skipped"),
        ("samples", "\(benchmark.samplesPerSecond.fixed(0)) a second"),
        ("processor", "\(benchmark.millisecondsPerSample.fixed(2)) ms each"),
      ]))
  }

  private func swapSamples(_ source: FacesetSource) throws -> SampleBenchmark {
    let reference = try dst.map { (path) throws(LiaeError) in try FacesetSource(path: path) }
    let generator = try SampleGenerator(
      source: source, colorReference: reference, options: options(), batchSize: batchSize, workers: workers)
    let first = try generator.next()
    if let sheet {
      try SampleSheet.picture(of: first, limit: 16).writePNG(to: sheet, provenance: nil, replacing: true)
    }
    let file = try raw.map { (path) throws(LiaeError) in try AppendedFile(path) }
    return try SampleBenchmark(count: batches) { () throws(LiaeError) in
      let batch = try generator.next()
      for plane in [batch.warped, batch.target, batch.mask, batch.eyesMouth] { try file?.append(plane.raw) }
      return batch.count
    }
  }

  private func segmentationSamples(_ source: FacesetSource) throws -> SampleBenchmark {
    var options = SegmentationSampleOptions()
    (options.resolution, options.faceType, options.changedShare) = (resolution, try shownFaceType(), augmentation)
    (options.seed, options.memory) = (seed, memory * 1_000_000)
    if let sheet {
      let first = try SegmentationGenerator(source: source, options: options, batchSize: 16).next()
      try SampleSheet.picture(first, found: nil).writePNG(to: sheet, provenance: nil, replacing: true)
    }
    let generator = try SegmentationGenerator(
      source: source, options: options, batchSize: batchSize, workers: workers)
    let file = try raw.map { (path) throws(LiaeError) in try AppendedFile(path) }
    return try SampleBenchmark(count: batches) { () throws(LiaeError) in
      let batch = try generator.next()
      for plane in [batch.picture, batch.mask] { try file?.append(plane.raw) }
      return batch.count
    }
  }

  private func shownFaceType() throws -> FaceType {
    guard let type = FaceType(rawValue: faceType) else {
      throw Failure(
        .usage,
        "--face-type is \(faceType); expected one of "
          + FaceType.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return type
  }

  private func options() throws -> SampleOptions {
    var options = SampleOptions()
    let type = try shownFaceType()
    guard let transfer = SampleColorTransfer(rawValue: ctMode) else {
      throw Failure(
        .usage,
        "--ct-mode is \(ctMode); expected one of "
          + SampleColorTransfer.allCases.map(\.rawValue).joined(separator: ", "))
    }
    (options.resolution, options.faceType, options.colorTransfer) = (resolution, type, transfer)
    (options.randomWarp, options.randomFlip, options.uniformYaw) = (randomWarp, randomFlip, uniformYaw)
    (options.randomHSVPower, options.seed, options.memory) = (randomHsvPower, seed, memory * 1_000_000)
    return options
  }
}
