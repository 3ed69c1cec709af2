// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeOpening
import LiaeSynth
import LiaeSystem
import LiaeText
import LiaeTrainingSession

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measures a model's swaps of rendered faces against the true swap.",
    discussion: """
      Renders the destination person in poses that no faceset of `synth` has, lets the model swap, and compares with \
      the source person rendered in the same pose, expression and light. PSNR and SSIM count pixels that are face in \
      both; reconstructions count those of their own face. Two trivial answers stand beside: the destination as it is, \
      and the source's mean face.
      """)

  @Option(name: .shortAndLong, help: .init("Model folder, state, or checkpoint.", valueName: "path"))
  var model: String

  @Option(help: .init("Whose face is set in.", valueName: "name"))
  var identitySrc = "a"

  @Option(help: .init("Whose frames they are.", valueName: "name"))
  var identityDst = "b"

  @Option(help: .init("Frames. 1 to 10000.", valueName: "n"))
  var count = 64

  @Option(help: .init("Seed of the poses.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(
    help: .init(
      "PNG of some frames, a row each: destination, swap, true swap, and both reconstructions.", valueName: "file"))
  var sheet: String?

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Replace the sheet where it exists already.")
  var force = false

  func validate() throws {
    try requirePath(model, "--model")
    if let sheet { try requirePath(sheet, "--sheet") }
    for (name, option) in [(identitySrc, "--identity-src"), (identityDst, "--identity-dst")]
    where Identity.named(name) == nil {
      let known = Identity.cast.map(\.name).joined(separator: ", ")
      throw ValidationError("\(option) is \"\(name)\"; expected one of \(known)")
    }
    guard (1...10000).contains(count) else { throw ValidationError("--count is \(count); expected 1 to 10000") }
  }

  func run() throws {
    guard let source = Identity.named(identitySrc), let destination = Identity.named(identityDst) else { return }
    if let sheet, !force, File.kind(sheet) != nil {
      throw Failure(.files, "\(sheet): exists already; --force replaces it")
    }
    let path = try ModelFolder.state(in: model) ?? model
    let evaluation = try asModel { () throws(LiaeError) in
      try SwapEvaluation(
        ModelOpening().open(path), source: source, destination: destination, seed: seed, workers: processorCount())
    }
    let report = try withProgressBar("frames") { (observer) throws(LiaeError) in
      try evaluation.run(count: count, sheetRows: sheet == nil ? 0 : 8, observer: observer)
    }
    if let sheet { try report.sheet.picture().writePNG(to: sheet, provenance: .rawFace, replacing: force) }
    Console.say(json ? report.json.text() : report.table)
  }
}
