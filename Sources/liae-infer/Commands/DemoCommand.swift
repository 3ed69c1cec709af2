// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeConvert
import LiaeDiagnostics
import LiaeFormats
import LiaeRuntime
import LiaeSystem

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Converts a checkpoint, swaps rendered faces and frames with it, and shows the results on sheets.",
    discussion: """
      Writes into the output folder: model.safetensors; faces/face-N.png, rendered faces of nobody; \
      results/face-N.rgb.png, .mask.png and .dst_mask.png; and sheet.png, a row for each face: input, rgb, mask, \
      mask of the destination face. Then frames/, rendered too, with their landmarks.jsonl; what merge makes of them, \
      merged/ and merged_mask/; truth/, the same frames with the source person rendered in place of the destination; \
      frames.png, a row for each: frame, merged, true swap, mask. And modes.png, every mask mode, its mask, every \
      colour transfer and blend on one frame, with a rendered face in place of a model's. With --xseg, occluded.png: \
      swaps behind a hand, hair, glasses and a microphone, without and with that mask model.
      """)

  @Option(name: .shortAndLong, help: .init("Checkpoint: a DeepFaceLab model folder, or a file.", valueName: "path"))
  var model: String

  @OptionGroup var checkpoint: CheckpointArguments
  @OptionGroup var face: FaceTypeArguments

  @Option(name: .shortAndLong, help: .init("Folder for all of it; created if it is missing.", valueName: "folder"))
  var output: String

  @Option(help: .init("An XSeg model, for a sheet of faces with objects before them.", valueName: "path"))
  var xseg: String?

  @Option(help: .init("Faces to render.", valueName: "n"))
  var faces = 6

  @OptionGroup var compute: ComputeArguments

  @Flag(help: "Replace files that exist already.")
  var force = false

  func validate() throws {
    try requirePath(output, "--output")
    guard (1...100).contains(faces) else { throw ValidationError("--faces is \(faces); expected 1 to 100") }
  }

  func run() throws {
    let demo = try Demonstration(folder: output, faces: faces, replacing: force)
    let plan = try plan(demo)
    let failures = try onConsole("faces", showsRate: false) {
      try demo.makeFaces(plan, threads: compute.threads, observer: $0)
    }
    try requireNoFailures(failures, "face", "faces")
    let frameFailures = try onConsole("frames") { try demo.makeFrames(plan, threads: compute.threads, observer: $0) }
    try requireNoFailures(frameFailures, "frame", "frames")
    if let xseg { try demo.makeOcclusions(plan, xseg: XSegArguments.plan(xseg, compute), threads: compute.threads) }
    if File.kind(demo.modelPath) != nil { Console.say("model    \(demo.modelPath)") }
    Console.say("faces    \(demo.facesFolder)/")
    Console.say("results  \(demo.resultsFolder)/")
    Console.say("sheet    \(demo.sheetPath)")
    Console.say("frames   \(demo.framesFolder)/, \(demo.landmarksPath)")
    Console.say("truth    \(demo.truthFolder)/")
    Console.say("merged   \(demo.mergedFolder)/, \(demo.masksFolder)/")
    let sheets = [demo.framesSheetPath, demo.modesSheetPath] + (xseg == nil ? [] : [demo.occlusionSheetPath])
    Console.say("sheets   \(sheets.joined(separator: ", "))")
  }

  /// Opens the converted file, so that the sheets show that both steps work.
  private func plan(_ demo: Demonstration) throws -> Plan {
    let file = try CheckpointFile(path: model)
    let source = file.packedWeights == nil ? try checkpoint.open(file, faceType: face.faceType) : nil
    try demo.makeFolders()
    guard let source else {
      Console.complain("\(model): packed weights are run as they are: \(demo.modelPath) cannot be made of them")
      return try checkpoint.plan(file, faceType: face.faceType, compute, nil)
    }
    try ModelWriter.write(source, to: demo.modelPath, as: .safetensors(.float32), replacing: force)
    return try compute.plan(ModelReader.open(path: demo.modelPath))
  }
}
