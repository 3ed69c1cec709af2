// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import ArgumentParser
import LiaeCommandLine
import LiaeRuntime
import LiaeSequence
import LiaeSystem

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs faces through a model and writes the pictures and masks that it returns.",
    discussion: """
      Inputs are PNG and JPEG pictures, resized to the model where they differ, and .npy files of float32 (H, W, 3) or \
      (N, H, W, 3) in the model's colour order, 0...1. A folder stands for its .png, .jpg, .jpeg and .npy files, sorted.

      For each input STEM.xyz the output folder gets STEM.rgb.png, STEM.mask.png and with --dst-mask STEM.dst_mask.png, of an XSeg model \
      STEM.mask.png alone; \
      for a batch STEM.0000.rgb.png and so on. With --format npy they are float32 arrays, (N, H, W, C) for a batch and \
      (H, W, C) for a single picture, colours in the model's order.

      \(LiaeInfer.statusTable)
      """)

  enum Mode: String, CaseIterable, ExpressibleByArgument { case swap, dst, src }

  @Option(name: .shortAndLong, help: .init("Checkpoint: a file, or a DeepFaceLab model folder.", valueName: "path"))
  var model: String

  @OptionGroup var checkpoint: CheckpointArguments
  @OptionGroup var packed: PackedArguments

  @Option(
    help: .init(
      "XSeg model: also write what it finds uncovered of the returned picture and of the input, STEM.xseg_mask.png and "
        + "STEM.xseg_dst_mask.png.", valueName: "path"))
  var xseg: String?

  @Option(
    name: .shortAndLong, parsing: .upToNextOption,
    help: .init("Pictures, .npy files or folders of them.", valueName: "paths"))
  var input: [String]

  @Option(name: .shortAndLong, help: .init("Folder for the results; created if it is missing.", valueName: "folder"))
  var output: String

  @Option(
    help: .init(
      "swap: the source's face with the input's expression. dst, src: the face of that side reconstructed. (default: "
        + "swap; a model that returns masks alone has no modes)"))
  var mode: Mode?

  @Option(
    help: .init("Return a face between the reconstruction of dst (0) and the swap (1). LIAE and AMP.", valueName: "t"))
  var morph: Float?

  @Flag(help: "Also write the mask of the destination face.")
  var dstMask = false

  @Option(help: "What to write.")
  var format = FaceOutputs.Format.png

  @OptionGroup var compute: ComputeArguments

  @Flag(help: "Replace files that exist already. Without it nothing is computed when one does.")
  var force = false

  @Flag(help: "Do not mark PNG files as made by a trained model (XMP DigitalSourceType).")
  var noProvenance = false

  func validate() throws {
    for (path, option) in [(output, "--output"), (xseg ?? "x", "--xseg")] { try requirePath(path, option) }
    if let morph {
      guard (0...1).contains(morph) else { throw ValidationError("--morph is \(morph); expected 0 to 1") }
      guard mode ?? .swap == .swap else {
        throw ValidationError("--morph and --mode \(mode?.rawValue ?? "") exclude each other")
      }
    }
  }

  func run() throws {
    let inputs = try FaceInputs(paths: input)
    for error in inputs.errors { Console.complain(error.message) }
    if inputs.files.isEmpty { try requireNoFailures(inputs.errors.count, of: inputs.count) }
    var outputs = try FaceOutputs(
      inputs: inputs.files, folder: output, format: format, destinationMask: dstMask, xseg: xseg != nil,
      replacing: force)
    let plan = try checkpoint.plan(model, compute, packed)
    let runner = try FaceRunner(plan, threads: compute.threads, mode: runMode ?? plan.usualMode)
    outputs.rgb = !plan.segments
    guard xseg == nil || !plan.segments else {
      throw Failure(.usage, "--xseg goes with a model that swaps; this one returns masks itself")
    }
    var options = ContextOptions()
    options.threads = compute.threads
    let xseg = try xseg.map { try Context(plan: XSegArguments.plan($0, compute), options: options) }
    let failures = try onConsole("faces", showsRate: false) { observer in
      var inference = FaceInference(
        runner: runner, xseg: xseg, outputs: outputs, provenance: noProvenance ? nil : .rawFace, observer: observer)
      return try inference.run(inputs.files)
    }
    try requireNoFailures(inputs.errors.count + failures, of: inputs.count)
  }

  private func requireNoFailures(_ failures: Int, of count: Int) throws {
    guard failures > 0 else { return }
    throw Failure(.someFailed, "\(failures) of \(count) \(count == 1 ? "input" : "inputs") failed")
  }

  /// nil: what the model usually computes.
  private var runMode: RunMode? {
    if let morph { return .morph(morph) }
    switch mode {
    case .swap: return .swap
    case .dst: return .reconstructDestination
    case .src: return .reconstructSource
    case nil: return nil
    }
  }
}

extension FaceOutputs.Format: ExpressibleByArgument {}
