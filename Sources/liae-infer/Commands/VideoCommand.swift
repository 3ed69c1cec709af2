// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeSequence
import LiaeSystem

struct VideoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "video",
    abstract: "Swaps the faces of a video, through ffmpeg's programs.",
    discussion: """
      Example:
        liae-infer video --model model --input data_dst.mp4 \\
          --aligned data_dst/aligned --output result.mp4

      Frames go through pipes, each once and with its time stamp. The video is encoded in segments, in the folder \
      OUTPUT.segments: a run that was stopped goes on where it stopped when the same command is given again. Sound, subtitles, chapters, timecode, \
      interlacing, bit depth, colour tags and metadata are kept where the output, whose ending is its container, has a \
      place for them; what is lost is said. Aligned faces belong to frames by the number in their source_filename, from \
      1 as DeepFaceLab extracts them; landmarks by an index from 0, or by such a name.

      \(LiaeInfer.statusTable)
      """)

  /// The inputs.
  struct Input: ParsableArguments {
    @Option(name: .shortAndLong, help: .init("Checkpoint: a file, or a DeepFaceLab model folder.", valueName: "path"))
    var model: String

    @OptionGroup var checkpoint: CheckpointArguments
    @OptionGroup var packed: PackedArguments

    @Option(name: .shortAndLong, help: .init("The video.", valueName: "file"))
    var input: String

    @OptionGroup var faces: FaceArguments
    @OptionGroup var xseg: XSegArguments

    @Option(
      help: .init(
        "Meaning of frame numbers if the rate is not constant: decoded frames, extracted pictures of ffmpeg -i VIDEO "
          + "%05d.png, or auto: names count pictures, indices count frames.", valueName: "how"))
    var numbering = FrameCounting.auto
  }

  /// The outputs.
  struct Output: ParsableArguments {
    @Option(name: .shortAndLong, help: .init("The video to write.", valueName: "file"))
    var output: String

    @Option(help: .init("Also write the masks, as a lossless H.264 video.", valueName: "file"))
    var maskOutput: String?

    @Flag(help: "Write the faces alone, with straight alpha, for an editor to lay over the video.")
    var alpha = false

    @Option(
      help: .init(
        "ffmpeg's name of the video encoder. (default: libx264; with --alpha prores_ks for .mov, ffv1 for .mkv, libvpx-vp9 "
          + "for .webm)", valueName: "name"))
    var encoder: String?

    /// - Throws: where the container has no alpha.
    func chosenEncoder() throws -> String {
      let container = try VideoContainer.output(output)
      guard alpha else { return encoder ?? "libx264" }
      guard let usual = VideoEncoding.alphaEncoder(container) else {
        throw Failure(.usage, "--alpha: \(output) cannot hold alpha; use .mov, .mkv or .webm")
      }
      return encoder ?? usual
    }

    @Option(
      help: .init(
        "Quality of the encoder, 0 to 63; less is better. (default: 18 for libx264, 20 for libx265 and libvpx-vp9)",
        valueName: "n"))
    var crf: Int?

    @Option(
      help: .init(
        "ffmpeg's name of the pixel format. (default: yuv420p, yuv444p for odd sizes, of 10 bits where the video has more than 8)",
        valueName: "name"))
    var pixelFormat: String?

    @Option(help: .init("ffmpeg's name of the audio encoder; copy: the sound as it is.", valueName: "name"))
    var audioEncoder = "copy"

    @Flag(help: "Repeat and drop frames so that the rate is constant.")
    var constantRate = false

    @Flag(help: "Make interlaced frames progressive.")
    var deinterlace = false

    @Flag(help: "Replace the output where it exists already; with --shard also segments of other settings.")
    var force = false
  }

  /// The part of the work that is done.
  struct Extent: ParsableArguments {
    @Option(
      help: .init(
        "Frames of a segment, which is encoded as a whole and which a stopped run keeps. At least 10.", valueName: "n"))
    var segment = 250

    @Option(
      help: .init(
        "Make the I-th of N shards of the segments, for N processes or machines at the same time. --join makes the video.",
        valueName: "i/n"), transform: Shard.parse)
    var shard: Shard?

    @Flag(help: "Compute nothing: join the segments that shards have made.")
    var join = false

    func validate() throws {
      if join, shard != nil { throw ValidationError("--join and --shard exclude each other") }
      guard (10...1_000_000).contains(segment) else {
        throw ValidationError("--segment is \(segment); expected 10 to 1000000")
      }
    }

    var extent: VideoMerge.Extent { join ? .join : shard.map { .shard($0) } ?? .whole }
  }

  @OptionGroup(title: "Input") var input: Input
  @OptionGroup(title: "Output") var output: Output
  @OptionGroup(title: "Segments") var segments: Extent
  @OptionGroup(title: "Merging") var merging: MergeArguments

  @Option(help: .init("Several frames at once, or one on all threads.", valueName: "how"))
  var parallel = Parallelism.auto

  @OptionGroup var compute: ComputeArguments

  func validate() throws {
    for (path, option) in [
      (output.output, "--output"), (input.input, "--input"), (output.maskOutput ?? "m", "--mask-output"),
    ] {
      try requirePath(path, option)
    }
    if let crf = output.crf, !(0...63).contains(crf) { throw ValidationError("--crf is \(crf); expected 0 to 63") }
  }

  func run() throws {
    let settings = try merging.settings()
    try settings.check(hasXSeg: input.xseg.xseg != nil)
    guard settings.options.blend != .rawPredict else {
      throw Failure(.usage, "--mode raw-predict: faces without frames make no video; merge writes them")
    }
    guard settings.options.maskMode != .given else {
      throw Failure(.usage, "--mask-mode given: given masks have the names of frames, which only merge has")
    }
    if output.alpha, let obstacle = settings.options.cutOutObstacle {
      throw Failure(.usage, "--alpha: \(obstacle) changes more than the face, so that the face cannot be written alone")
    }
    let encoder = try output.chosenEncoder()
    try VideoMerge.checkOutputs(
      output.output, maskPath: output.maskOutput, source: input.input, replacing: output.force)
    let provenance = merging.provenance(settings)
    let info = try VideoInfo(probing: input.input)
    let (times, faces) = try onConsole("frames") { observer in
      let times = try FrameTimes(scanning: info, observer: observer)
      return (
        times,
        try VideoFaces(input.faces.source, of: info, times, counting: input.numbering, observer: observer)
      )
    }
    for notice in faces.notices { Console.complain(notice.message) }
    let plan = try input.checkpoint.plan(input.model, compute, input.packed)
    let timeline = FaceTimeline(
      faces.faces, settings: settings, rate: input.faces.fps ?? times.rate.value, count: times.count)
    let pool = try FrameWorkerPool(
      plan, xseg: try input.xseg.plan(compute), settings: settings, threads: compute.threads, parallelism: parallel,
      frames: times.count)
    if let path = merging.writeConfig { try settings.write(to: path, replacing: output.force) }
    let encoding = VideoEncoding(
      encoder: encoder, crf: output.crf, pixelFormat: output.pixelFormat, audioEncoder: output.audioEncoder,
      isConstantRate: output.constantRate)
    var results = VideoMerge.Output(
      path: output.output, maskPath: output.maskOutput, encoding: encoding, provenance: provenance)
    (results.deinterlaces, results.isFaceAlone) = (output.deinterlace, output.alpha)
    results.segmentLength = segments.segment
    let merge = try VideoMerge(info: info, times: times, timeline: timeline, pool: pool, output: results)
    let report = try onConsole("frames") {
      try merge.run(segments.extent, replacing: output.force, observer: $0)
    }
    Console.say(report.text(unchanged: "kept", isSmoothed: settings.landmarkSmoothing != nil))
    if let mismatch = faces.mismatch { throw Failure(.unmatched, mismatch.message) }
    try requireNoFailures(report.failures + faces.failures, "input or frame", "inputs or frames")
  }
}

extension FrameCounting: ExpressibleByArgument {}
