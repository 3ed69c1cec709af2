// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeFormats
import LiaeSequence
import LiaeSystem

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Swaps the faces of a folder of frames, as a DeepFaceLab workspace has them.",
    discussion: """
      Example:
        liae-infer merge --model model --frames data_dst \\
          --aligned data_dst/aligned --output data_dst/merged

      Frames are the .png, .jpg and .jpeg files of a folder. Their faces come from DeepFaceLab's aligned faces or from a \
      landmarks file. For each frame STEM.xyz the output folder gets STEM.png, and the folder of masks STEM.png. A frame \
      without faces is copied as it is; its mask is black.

      A merge that was stopped goes on where it stopped when the same command is given again.

      \(LiaeInfer.statusTable)
      """)

  /// The inputs.
  struct Input: ParsableArguments {
    @Option(name: .shortAndLong, help: .init("Checkpoint: a file, or a DeepFaceLab model folder.", valueName: "path"))
    var model: String

    @OptionGroup var checkpoint: CheckpointArguments
    @OptionGroup var packed: PackedArguments

    @Option(name: .shortAndLong, help: .init("Folder of the frames.", valueName: "folder"))
    var frames: String

    @OptionGroup var faces: FaceArguments
    @OptionGroup var xseg: XSegArguments

    @Option(
      help: .init("Folder of masks for --mask-mode given: gray pictures by the frames' names.", valueName: "folder"))
    var masks: String?
  }

  /// The outputs.
  struct Output: ParsableArguments {
    @Option(
      name: .shortAndLong,
      help: .init("Folder for the frames; created if it is missing. Not needed with --preview.", valueName: "folder"))
    var output: String?

    @Option(help: .init("Folder for the masks. (default: OUTPUT_mask)", valueName: "folder"))
    var maskOutput: String?

    @Option(help: "Format of the frames that are written.")
    var format = MergeOutput.Format.png

    @Option(
      help: .init("Bits of a channel in PNG frames: 8 or 16. (default: as many as the frame has)", valueName: "n"))
    var bits: Int?

    @Flag(
      help:
        "Write the faces alone, as RGBA with straight alpha, to be composited elsewhere. PNG; of --mode overlay, hist-match and the seamless ones."
    )
    var alpha = false

    @Option(help: .init("Of JPEG. 1 to 100.", valueName: "n"))
    var jpegQuality = 95

    @Option(
      help: .init(
        "Folder for the swapped faces one by one: STEM_0.face, .swap_mask, .dst_mask, and .json with the matrix from the "
          + "frame to the face.", valueName: "folder"))
    var separate: String?

    @Option(help: .init("8-bit PNG, 16-bit PNG, or float32 arrays (RGB).", valueName: "format"))
    var separateFormat = FaceExport.Format.png

    @Flag(help: "Start from the beginning: remove the results of these frames from the output folders.")
    var force = false
  }

  /// The frames that are merged.
  struct Selection: ParsableArguments {
    @Option(
      help: .init(
        "First frame that is merged, by its name or the number in it. (default: the first of the folder)",
        valueName: "frame"))
    var first: String?

    @Option(help: .init("Last frame that is merged, by its name or the number in it.", valueName: "frame"))
    var last: String?

    @Option(
      help: .init(
        "Merge only the frames that a text file names, one a line, within --first and --last.", valueName: "file"))
    var framesList: String?

    @Option(
      help: .init(
        "Merge the I-th of N shards of these frames, for N processes or machines at the same time with the same folders.",
        valueName: "i/n"), transform: Shard.parse)
    var shard: Shard?

    func frames(of folder: FrameFolder) throws -> FrameSelection {
      var selection = FrameSelection(folder)
      try selection.keep(first: first, last: last)
      if let framesList { try selection.keep(listedIn: framesList) }
      if let shard { selection.keep(shard) }
      return selection
    }
  }

  /// A look at one frame.
  struct Preview: ParsableArguments {
    @Option(
      help: .init(
        "Write one PNG instead of the frames: the first frame with a face, from --first on, with many settings, each with its number. The options of each are printed.",
        valueName: "file"))
    var preview: String?

    @Option(
      name: .customLong("try"),
      help: .init(
        "Option and values that the preview shows, as in erode=0,20,40; several options give every combination. (default: masks, colour transfers, values of erode and blur)",
        valueName: "option=a,b"))
    var tries: [String] = []

    func validate() throws {
      if preview == nil, !tries.isEmpty { throw ValidationError("--try is for --preview") }
    }
  }

  @OptionGroup(title: "Input") var input: Input
  @OptionGroup(title: "Frames") var selection: Selection
  @OptionGroup(title: "Output") var output: Output
  @OptionGroup(title: "Preview") var preview: Preview
  @OptionGroup(title: "Merging") var merging: MergeArguments

  @Option(help: .init("Several frames at once, or one on all threads.", valueName: "how"))
  var parallel = Parallelism.auto

  @OptionGroup var compute: ComputeArguments

  func validate() throws {
    for (path, option) in [
      (output.output ?? "o", "--output"), (input.frames, "--frames"), (preview.preview ?? "p", "--preview"),
      (output.maskOutput ?? "m", "--mask-output"),
      (output.separate ?? "s", "--separate"),
    ] {
      try requirePath(path, option)
    }
    if output.output == nil, preview.preview == nil { throw ValidationError("expected --output, or --preview") }
    guard (1...100).contains(output.jpegQuality) else {
      throw ValidationError("--jpeg-quality is \(output.jpegQuality); expected 1 to 100")
    }
    if let bits = output.bits, bits != 8 && bits != 16 { throw ValidationError("--bits is \(bits); expected 8 or 16") }
    if output.format == .jpeg, output.alpha || output.bits == 16 {
      throw ValidationError("--format jpeg has neither alpha nor 16 bits; expected png")
    }
  }

  func run() throws {
    let settings = try merging.settings()
    try settings.check(hasXSeg: input.xseg.xseg != nil)
    guard (settings.options.maskMode == .given) == (input.masks != nil) else {
      throw Failure(.usage, "--mask-mode given and --masks belong together")
    }
    if output.alpha, let obstacle = settings.options.cutOutObstacle {
      throw Failure(.usage, "--alpha: \(obstacle) changes the frame beside the face, or composites no face")
    }
    let folder = try FrameFolder(withoutSlash(input.frames))
    let selected = try selection.frames(of: folder)
    if let path = preview.preview { return try show(path, settings, folder, selected) }
    let target = withoutSlash(output.output ?? "")
    let results = MergeOutput(
      folder: target, maskFolder: output.maskOutput.map(withoutSlash) ?? "\(target)_mask", format: output.format,
      quality: output.jpegQuality, bits: output.bits, isCutOut: output.alpha, provenance: merging.provenance(settings))
    try results.check(folder, masks: input.masks)
    let index = try input.faces.index(folder)
    let plan = try input.checkpoint.plan(input.model, compute, input.packed)
    let xseg = try input.xseg.plan(compute)
    // Frames of a folder have no rate; 25 a second is between those of film and television.
    let timeline = FaceTimeline(
      index.faces, settings: settings, rate: input.faces.fps ?? 25, count: folder.frames.count)
    let pool = try FrameWorkerPool(
      plan, xseg: xseg, settings: settings, threads: compute.threads, parallelism: parallel,
      frames: folder.frames.count,
      computesAllMasks: output.separate != nil)
    let session = try MergeSession(
      frames: folder, selection: selected, output: results,
      contents: .init(settings: settings, plan: plan, xseg: xseg, timeline: timeline, masks: input.masks),
      replacing: output.force)
    if let path = merging.writeConfig { try settings.write(to: path, replacing: output.force) }
    let export = output.separate.map {
      FaceExport(
        folder: withoutSlash($0), format: output.separateFormat, provenance: merging.noProvenance ? nil : .rawFace)
    }
    try session.begin(export: export)
    let merge = FolderMerge(
      frames: folder, selection: selected, timeline: timeline, pool: pool, output: results, export: export,
      masks: input.masks)
    let report = try onConsole("frames") { try merge.run(resumes: session.isResumed, observer: $0) }
    Console.say(report.text(unchanged: "copied", isSmoothed: settings.landmarkSmoothing != nil))
    try requireMatch(index, folder)
    try requireNoFailures(report.failures + index.failures, "input", "inputs")
  }
}
