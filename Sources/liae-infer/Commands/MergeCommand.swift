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

  /// What goes in.
  struct Input: ParsableArguments {
    @Option(name: .shortAndLong, help: .init("Checkpoint: a file, or a DeepFaceLab model folder.", valueName: "path"))
    var model: String

    @OptionGroup var checkpoint: CheckpointArguments
    @OptionGroup var packed: PackedArguments

    @Option(name: .shortAndLong, help: .init("Folder of the frames.", valueName: "folder"))
    var frames: String

    @OptionGroup var faces: FaceArguments

    @Option(
      help: .init("Folder of masks for --mask-mode given: gray pictures by the frames' names.", valueName: "folder"))
    var masks: String?
  }

  /// What comes out.
  struct Output: ParsableArguments {
    @Option(name: .shortAndLong, help: .init("Folder for the frames; made where it is missing.", valueName: "folder"))
    var output: String

    @Option(help: .init("Folder for the masks. (default: OUTPUT_mask)", valueName: "folder"))
    var maskOutput: String?

    @Option(help: "Of the frames that are written.")
    var format = MergeOutput.Format.png

    @Option(help: .init("Of JPEG. 1 to 100.", valueName: "n"))
    var jpegQuality = 95

    @Option(
      help: .init(
        "Folder for the swapped faces one by one: STEM_0.face, .swap_mask, .dst_mask, and .json with the matrix from the "
          + "frame to the face.", valueName: "folder"))
    var separate: String?

    @Option(help: .init("8-bit PNG, 16-bit PNG, or float32 arrays (RGB).", valueName: "format"))
    var separateFormat = FaceExport.Format.png

    @Flag(help: "Start anew: take away what the output folders hold of these frames.")
    var force = false
  }

  @OptionGroup(title: "Input") var input: Input
  @OptionGroup(title: "Output") var output: Output
  @OptionGroup(title: "Merging") var merging: MergeArguments

  @Option(help: .init("Several frames at once, or one on all threads.", valueName: "how"))
  var parallel = Parallelism.auto

  @OptionGroup var compute: ComputeArguments

  func validate() throws {
    for (path, option) in [
      (output.output, "--output"), (input.frames, "--frames"), (output.maskOutput ?? "m", "--mask-output"),
      (output.separate ?? "s", "--separate"),
    ] {
      try requirePath(path, option)
    }
    guard (1...100).contains(output.jpegQuality) else {
      throw ValidationError("--jpeg-quality is \(output.jpegQuality); expected 1 to 100")
    }
  }

  func run() throws {
    let settings = try merging.settings()
    guard (settings.options.maskMode == .given) == (input.masks != nil) else {
      throw Failure(.usage, "--mask-mode given and --masks belong together")
    }
    let folder = try FrameFolder(withoutSlash(input.frames))
    let target = withoutSlash(output.output)
    let results = MergeOutput(
      folder: target, maskFolder: output.maskOutput.map(withoutSlash) ?? "\(target)_mask", format: output.format,
      quality: output.jpegQuality, provenance: merging.provenance(settings))
    try results.check(folder, masks: input.masks)
    let index = try input.faces.index(folder)
    let plan = try input.checkpoint.plan(input.model, compute, input.packed)
    // Frames of a folder have no rate; 25 a second is between those of film and television.
    let timeline = FaceTimeline(
      index.faces, settings: settings, rate: input.faces.fps ?? 25, count: folder.frames.count)
    let pool = try FrameWorkerPool(
      plan, settings: settings, threads: compute.threads, parallelism: parallel, frames: folder.frames.count,
      computesAllMasks: output.separate != nil)
    let session = try MergeSession(
      frames: folder, output: results,
      contents: .init(settings: settings, plan: plan, timeline: timeline, masks: input.masks), replacing: output.force)
    if let path = merging.writeConfig { try settings.write(to: path, replacing: output.force) }
    let export = output.separate.map {
      FaceExport(
        folder: withoutSlash($0), format: output.separateFormat, provenance: merging.noProvenance ? nil : .rawFace)
    }
    try session.begin(export: export)
    let merge = FolderMerge(
      frames: folder, timeline: timeline, pool: pool, output: results, export: export, masks: input.masks)
    let report = try onConsole("frames") { try merge.run(resumes: session.isResumed, observer: $0) }
    Console.say(report.text(unchanged: "copied", isSmoothed: settings.landmarkSmoothing != nil))
    try requireMatch(index, folder)
    try requireNoFailures(report.failures + index.failures, "input", "inputs")
  }
}

/// Source of the faces of frames.
struct FaceArguments: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: .init(
      "Where the faces are, this or --landmarks: DeepFaceLab's aligned faces, a folder of .jpg or .png files or with "
        + "faceset.pak, or a .pak file.", valueName: "path"))
  var aligned: String?

  @Option(
    name: .shortAndLong,
    help: .init("Landmarks file: JSON lines, see docs/landmarks.md.", valueName: "file"))
  var landmarks: String?

  @Option(
    help: .init("Frames a second, for --smooth-landmarks. (default: the video's; 25 for a folder)", valueName: "n"))
  var fps: Double?

  func validate() throws {
    guard (aligned == nil) != (landmarks == nil) else {
      throw ValidationError(
        aligned == nil
          ? "where are the faces? Expected --aligned or --landmarks" : "--aligned and --landmarks exclude each other")
    }
    if let fps, !(fps > 0 && fps <= 10_000) { throw ValidationError("--fps is \(fps); expected more than 0") }
  }

  /// Reads the faces of a folder's frames, and says what was left out and what does not fit.
  func index(_ frames: FrameFolder) throws -> FaceIndex {
    let index = try index(place: frames.place)
    sayMismatches(index, frames)
    return index
  }

  var source: FaceSource { aligned.map { .aligned(withoutSlash($0)) } ?? .landmarks(landmarks ?? "") }

  /// Reads the faces, and says what was left out.
  func index(place: @escaping (LandmarksFile.FrameName) -> Int?) throws -> FaceIndex {
    let index = try FaceIndex(source, place: place)
    for notice in index.notices { Console.complain(notice.message) }
    return index
  }
}
